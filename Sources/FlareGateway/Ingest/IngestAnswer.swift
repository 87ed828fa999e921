import FlareModel
import FlarePipelines
import NIOCore

extension IngestBatch {
    /// What is needed for the reply once the records are durable, without the records.
    var answer: IngestAnswer {
        IngestAnswer(count: recordCount, refusals: refusedCount == 0 && recordCount > 0 ? nil : result(offset: nil))
    }
}

/// The reply to a request whose records are on their way to the disk.
struct IngestAnswer: Sendable {
    let count: Int
    /// Only when some were refused or there were none.
    let refusals: IngestResult?

    func reply(offset: Int64) -> ByteBuffer {
        guard var result = refusals else { return IngestReply.committed(count, offset: offset) }
        result.offset = count > 0 ? offset : nil
        return IngestReply.result(result)
    }
}

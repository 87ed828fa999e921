import FlareModel
import FlarePipelines
import NIOCore

/// The reply to a request whose records are on their way to the disk: what it needs of them, without them.
struct IngestAnswer: Sendable {
    /// Lines that the reply has beside the usual ones.
    let headers: String
    private let recordCount: Int
    private let lineBytes: Int
    private let refusedCount: Int
    /// Only when some were refused or there were none.
    private let refusals: IngestResult?

    init(_ batch: IngestBatch, headers: String) {
        self.headers = headers
        recordCount = batch.recordCount
        lineBytes = batch.lineBytes
        refusedCount = batch.refusedCount
        refusals = batch.refusedCount == 0 && batch.recordCount > 0 ? nil : batch.result(offset: nil)
    }

    func reply(_ receipt: AppendReceipt) -> ByteBuffer {
        let headers = receipt.isDuplicate ? headers + "idempotency-replayed: true\r\n" : headers
        guard var result = refusals else {
            return IngestReply.committed(recordCount, offset: receipt.offset, headers: headers)
        }
        result.offset = recordCount > 0 ? receipt.offset : nil
        return IngestReply.result(result, headers: headers)
    }

    /// Counts the records, unless they were counted when they came the first time.
    func count(_ receipt: AppendReceipt, in metrics: PipelineMetrics) {
        guard !receipt.isDuplicate else { return }
        metrics.took(.http, records: recordCount, bytes: lineBytes, refused: refusedCount)
    }
}

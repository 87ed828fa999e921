package import FlareModel
package import NIOCore

/// The checked records of one request, ready for the log.
package struct IngestBatch: Sendable {
    struct Frame: Sendable {
        var payload: ByteBuffer
        var recordCount: Int
    }

    private let source: IngestSource
    private let time: Timestamp
    /// What a first frame reserves: with it, nearly every request needs one allocation.
    private let capacity: Int

    private(set) var frames: [Frame] = []
    package private(set) var recordCount = 0
    /// Bytes of the records as lines: what counts as unflushed until they are in an object.
    package private(set) var lineBytes = 0
    /// Records that were not accepted, with reasons; at most `Limits.refusedListedMax`.
    package private(set) var refused: [RefusedRecord] = []
    package private(set) var refusedCount = 0

    private init(source: IngestSource, time: Timestamp, capacity: Int) {
        self.source = source
        self.time = time
        self.capacity = capacity
    }

    /// Splits and checks a body.
    ///
    /// Throws `invalidData` when the body as such cannot be used.
    package static func scan(
        _ body: ByteBuffer,
        form: BodyForm,
        source: IngestSource,
        at time: Timestamp
    ) throws -> IngestBatch {
        let capacity = min(body.readableBytes + 16, Limits.ingestFrameBytes)
        let empty = IngestBatch(source: source, time: time, capacity: capacity)
        return try body.withUnsafeReadableBytes {
            try RecordScanner.scan($0.assumingMemoryBound(to: UInt8.self), form: form, into: empty)
        }
    }

    mutating func accept(_ record: UnsafeBufferPointer<UInt8>, hasLineBreaks: Bool) {
        let isFull = frames.last.map { $0.payload.readableBytes + record.count > Limits.ingestFrameBytes } ?? true
        if isFull {
            let payload = IngestFrame.begin(source: source, at: time, capacity: capacity)
            frames.append(Frame(payload: payload, recordCount: 0))
        }
        let last = frames.count - 1
        IngestFrame.append(record, hasLineBreaks: hasLineBreaks, to: &frames[last].payload)
        frames[last].recordCount += 1
        recordCount += 1
        lineBytes += record.count + 1
    }

    mutating func refuse(_ index: Int, _ reason: String) {
        refusedCount += 1
        if refused.count < Limits.refusedListedMax { refused.append(RefusedRecord(index: index, reason: reason)) }
    }

    /// The answer once the records are durable.
    package func result(offset: Int64?) -> IngestResult {
        IngestResult(
            committed: recordCount,
            offset: recordCount > 0 ? offset : nil,
            refused: refused,
            refusedCount: refusedCount > refused.count ? refusedCount : nil
        )
    }

    /// The error for a body of which no record was accepted; nil when at least one was, or when it held none.
    package var allRefused: FlareError? {
        guard recordCount == 0, let first = refused.first else { return nil }
        let count = refusedCount == 1 ? "the record was refused" : "all \(refusedCount) records were refused"
        return FlareError(.invalidData, "\(count): \(first.reason)", hint: "a record is a JSON object")
    }
}

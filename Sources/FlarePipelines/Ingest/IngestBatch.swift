import CFlareSystem
package import FlareModel
package import NIOCore

/// Checked records on their way to the log: those of one request, or of several that share an append.
package struct IngestBatch: Sendable {
    struct Frame: Sendable {
        var payload: ByteBuffer
        var recordCount: Int
    }

    /// What became of the records of one body.
    package struct Added: Sendable {
        package let accepted: Int
        /// At most `Limits.refusedListedMax`, each with its place in the body.
        package let refused: [RefusedRecord]
        package let refusedCount: Int
    }

    let source: IngestSource
    let rules: IngestRules
    let stamp: ProducerStamp?
    let time: Timestamp
    /// What a first frame reserves: with it, nearly every request needs one allocation.
    private let capacity: Int

    private(set) var frames: [Frame] = []
    package private(set) var recordCount = 0
    /// Bytes of the records as lines: what counts as unflushed until they are in an object.
    package private(set) var lineBytes = 0
    /// Records that were not accepted, with reasons; at most `Limits.refusedListedMax`.
    package private(set) var refused: [RefusedRecord] = []
    package private(set) var refusedCount = 0

    /// - Parameters:
    ///   - rules: what the pipeline asks of records; see `StreamLog.rules`.
    ///   - stamp: where the whole batch stands in its producer's count.
    ///   - capacity: about how many bytes will be added.
    package init(
        source: IngestSource,
        rules: IngestRules,
        stamp: ProducerStamp? = nil,
        at time: Timestamp,
        capacity: Int
    ) {
        self.source = source
        self.rules = rules
        self.stamp = stamp
        self.time = time
        self.capacity = stamp == nil ? min(capacity + 16, Limits.ingestFrameBytes) : capacity + 16
    }

    /// Tells bodies under one idempotency key apart.
    package static func fingerprint(of body: ByteBuffer) -> UInt32 {
        body.withUnsafeReadableBytes { flare_crc32c(0, $0.baseAddress, $0.count) }
    }

    /// Nothing of it needs to be appended.
    package var isEmpty: Bool { recordCount == 0 }

    /// Splits and checks a body.
    ///
    /// Throws `invalidData` when the body as such cannot be used.
    package static func scan(
        _ body: ByteBuffer,
        form: BodyForm,
        source: IngestSource,
        rules: IngestRules,
        stamp: ProducerStamp? = nil,
        at time: Timestamp
    ) throws -> IngestBatch {
        var batch = IngestBatch(source: source, rules: rules, stamp: stamp, at: time, capacity: body.readableBytes)
        try batch.add(body: body, form: form)
        return batch
    }

    /// Splits and checks one more body, and adds its records.
    ///
    /// Throws `invalidData` when the body as such cannot be used; nothing of it has been added then.
    @discardableResult
    package mutating func add(body: ByteBuffer, form: BodyForm) throws -> Added {
        let before = mark
        do {
            try body.withUnsafeReadableBytes {
                try RecordScanner.scan($0.assumingMemoryBound(to: UInt8.self), form: form, into: &self)
            }
        } catch {
            revert(to: before)
            throw error
        }
        return Added(
            accepted: recordCount - before.recordCount,
            refused: Array(refused[before.refusedListed...]),
            refusedCount: refusedCount - before.refusedCount
        )
    }

    /// Checks a value that must be one JSON object and nothing else, and adds it.
    ///
    /// Returns why it was refused; nil when it was added.
    ///
    /// - Parameter members: bytes such as `"_kafka":{…}` that are put behind the record's own members.
    package mutating func add(record: UnsafeBufferPointer<UInt8>, members: [UInt8]? = nil) -> String? {
        RecordScanner.scanOne(record, members: members, into: &self)
    }

    mutating func accept(_ record: UnsafeBufferPointer<UInt8>, members: [UInt8]? = nil, hasLineBreaks: Bool) {
        let size = members.map { IngestFrame.Joined(record, $0).byteCount } ?? record.count
        // A stamped batch is in the log whole or not at all, so it is never cut.
        let isFull =
            frames.last.map { stamp == nil && $0.payload.readableBytes + size > Limits.ingestFrameBytes } ?? true
        if isFull {
            let payload = IngestFrame.begin(source: source, at: time, stamp: stamp, capacity: capacity)
            frames.append(Frame(payload: payload, recordCount: 0))
        }
        let last = frames.count - 1
        IngestFrame.append(record, members: members, hasLineBreaks: hasLineBreaks, to: &frames[last].payload)
        frames[last].recordCount += 1
        recordCount += 1
        lineBytes += size + 1
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
        let hint = rules.schema == nil ? "a record is a JSON object" : "the pipeline has a schema"
        return FlareError(.invalidData, "\(count): \(first.reason)", hint: hint)
    }

    /// Where a batch stood before a body was added.
    private struct Mark {
        var frameCount: Int
        var lastFrameEnd: Int
        var lastFrameRecords: Int
        var recordCount: Int
        var lineBytes: Int
        var refusedListed: Int
        var refusedCount: Int
    }

    private var mark: Mark {
        Mark(
            frameCount: frames.count,
            lastFrameEnd: frames.last?.payload.writerIndex ?? 0,
            lastFrameRecords: frames.last?.recordCount ?? 0,
            recordCount: recordCount,
            lineBytes: lineBytes,
            refusedListed: refused.count,
            refusedCount: refusedCount
        )
    }

    private mutating func revert(to mark: Mark) {
        frames.removeLast(frames.count - mark.frameCount)
        if let last = frames.indices.last {
            frames[last].payload.moveWriterIndex(to: mark.lastFrameEnd)
            frames[last].recordCount = mark.lastFrameRecords
        }
        recordCount = mark.recordCount
        lineBytes = mark.lineBytes
        refused.removeLast(refused.count - mark.refusedListed)
        refusedCount = mark.refusedCount
    }
}

extension IngestBatch {
    /// Hands the records over and leaves none, so that they keep a single owner.
    mutating func taken() -> IngestBatch {
        var result = IngestBatch(source: source, rules: rules, stamp: stamp, at: time, capacity: 0)
        swap(&result, &self)
        return result
    }
}

import FlareModel
import FlareStore
import NIOCore

/// What one pipeline's loop holds: how far it has read, its open batches, and those on their way into objects.
///
/// No clock, no I/O. Batches are prepared several at once and committed in any order, but those of one key in theirs.
struct RunnerWork {
    private(set) var record: PipelineRecord
    private(set) var naming: ObjectNaming
    /// The next offset to read.
    private(set) var position: Int64
    /// Line bytes of complete batches that are not in objects yet.
    private var pendingBytes = 0

    private var batcher: Batcher
    private var partitioning: Partitioning
    /// From the checkpoint: records of these keys below these offsets are in objects and are passed over.
    private var flushed: [ByteBuffer: Int64]
    private var flushedEnd: Int64
    /// Complete, and not begun yet: later than all of their keys that were begun.
    private var waiting = CircularBuffer<Batcher.Batch>()
    /// Begun before, and due for another attempt.
    private var retrying: [Batcher.Batch] = []
    /// Being prepared.
    private var preparing: [Int64: Batcher.Batch] = [:]
    /// Ready for their commit.
    private(set) var prepared: [PreparedBatch] = []
    /// Could not be prepared or committed, and wait for another attempt.
    private var stalled: [Batcher.Batch] = []
    /// The batches that failed before and are not in objects yet: their first offsets, and how much had been fed before
    /// each began.
    private var troubled: [Int64: Int64] = [:]

    private let heldSpanBytesMax: Int64

    init(
        _ record: PipelineRecord,
        checkpoint: Checkpoint,
        heldSpanBytesMax: Int64 = Limits.pipelineHeldSpanBytesMax
    ) {
        self.heldSpanBytesMax = heldSpanBytesMax
        self.record = record
        partitioning = record.settings.partitioning
        naming = record.settings.naming(pipelineID: record.id)
        batcher = Batcher(rules: Self.rules(of: record))
        position = checkpoint.watermark
        flushed = checkpoint.flushed
        flushedEnd = checkpoint.flushed.values.max() ?? 0
    }

    private static func rules(of record: PipelineRecord) -> Batcher.Rules {
        var rules = record.settings.rules
        rules.keepsOrigins = record.settings.transform != nil
        return rules
    }

    /// Open batches and those on their way.
    var openCount: Int { batcher.openCount + pendingCount }

    private var pendingCount: Int {
        waiting.count + retrying.count + preparing.count + prepared.count + stalled.count
    }

    /// Enough is complete: nothing more is to be read until some of it is in objects.
    var isFull: Bool {
        pendingBytes >= Limits.pipelinePendingBytesMax || pendingCount >= Limits.pipelinePendingBatchesMax
            || isHeldBack
    }

    /// A batch that cannot be written holds back the recycling of so much log that other keys must wait for it too.
    private var isHeldBack: Bool {
        guard let oldest = troubled.values.min() else { return false }
        return batcher.fedBytes - oldest > heldSpanBytesMax
    }

    /// No record that was read is anywhere but in an object.
    var isIdle: Bool { openCount == 0 }

    var preparingCount: Int { preparing.count }
    var hasStalled: Bool { !stalled.isEmpty }
    /// Some batch has failed and is not in an object yet.
    var hasTrouble: Bool { !troubled.isEmpty }

    /// The ingest time of the oldest record that is not in an object.
    var oldestTime: Timestamp? {
        let begun = (retrying + preparing.values + prepared.map(\.batch) + stalled).map(\.firstTime)
        let waiting = waiting.lazy.map(\.firstTime).min()
        return (begun + [waiting, batcher.oldestTime].compactMap { $0 }).min()
    }

    /// When the oldest open batch must roll.
    var deadline: Timestamp? { batcher.deadline }

    // MARK: Reading

    /// What reading frames brought up.
    struct Fed {
        /// Line bytes of records below `recoveredEnd` that were not in an object.
        var recoveredBytes = 0
        var stamps: [(stamp: ProducerStamp, offset: Int64, recordCount: Int, time: Timestamp)] = []
    }

    /// Reads frames in order until they end or enough batches are complete.
    mutating func feed(_ frames: [LogFrame], recoveredEnd: Int64) throws -> Fed {
        var fed = Fed()
        for frame in frames {
            try feed(frame, recoveredEnd: recoveredEnd, &fed)
            if isFull { break }
        }
        return fed
    }

    /// Reads a frame from the position on; when enough is complete, not to its end.
    private mutating func feed(_ frame: LogFrame, recoveredEnd: Int64, _ fed: inout Fed) throws {
        // Read in full before the first record is taken, so that a damaged frame is not half in a batch.
        let content = try IngestFrameReader.read(frame.payload, recordCount: frame.recordCount)
        // A backlog is cut into the batches that it would have become in its own time.
        roll(batcher.advance(to: content.time))
        for (offset, range) in zip(frame.firstOffset..., content.records) where offset >= position {
            let size = add(range, of: frame.payload, offset: offset, content)
            if offset < recoveredEnd { fed.recoveredBytes += size }
            position = offset + 1
            if isFull { break }
        }
        if let stamp = content.stamp { fed.stamps.append((stamp, frame.firstOffset, frame.recordCount, content.time)) }
        if position >= flushedEnd { flushed = [:] }
    }

    /// Adds one record and returns its bytes as a line; 0 when it is in an object already.
    private mutating func add(
        _ range: Range<Int>,
        of payload: ByteBuffer,
        offset: Int64,
        _ content: IngestFrameReader
    ) -> Int {
        let key = partitioning.keys.isEmpty ? ByteBuffer() : partitioning.key(in: payload, at: range)
        if !flushed.isEmpty, let end = flushed[key], offset < end { return 0 }
        let start = payload.readerIndex
        let complete = payload.withUnsafeReadableBytes { bytes in
            let record = bytes[(range.lowerBound - start)..<(range.upperBound - start)]
            return batcher.add(
                UnsafeRawBufferPointer(rebasing: record),
                key: key,
                offset: offset,
                time: content.time,
                source: content.source
            )
        }
        if !complete.isEmpty { roll(complete) }
        return range.count + 1
    }

    mutating func advance(to now: Timestamp) {
        roll(batcher.advance(to: now))
    }

    mutating func rollAll() {
        roll(batcher.rollAll())
    }

    private mutating func roll(_ batches: [Batcher.Batch]) {
        waiting.append(contentsOf: batches)
        pendingBytes += batches.reduce(0) { $0 + $1.lines.readableBytes }
    }

    // MARK: Writing

    /// The next batch to prepare; nil when none waits.
    mutating func takeNext() -> Batcher.Batch? {
        let next = retrying.isEmpty ? waiting.popFirst() : retrying.removeFirst()
        if let next { preparing[next.firstOffset] = next }
        return next
    }

    /// A batch is ready for its commit.
    mutating func add(_ batch: PreparedBatch) {
        preparing[batch.batch.firstOffset] = nil
        prepared.append(batch)
    }

    /// A batch could not be prepared.
    mutating func stall(_ batch: Batcher.Batch) {
        preparing[batch.firstOffset] = nil
        stalled.append(batch)
        troubled[batch.firstOffset] = batch.begunAt
    }

    /// The batches whose time has come again go first.
    mutating func retryStalled() {
        retrying = (retrying + stalled).sorted { $0.firstOffset < $1.firstOffset }
        stalled = []
    }

    /// The next batches to commit together, and the watermark that holds once they are.
    ///
    /// Empty when none can be committed. They go on being held until `committed` or `failed`.
    func nextGroup(batchesMax: Int) -> (batches: [PreparedBatch], watermark: Int64) {
        let begun = retrying + preparing.values + stalled
        var blocked: [ByteBuffer: Int64] = [:]
        for batch in begun { blocked[batch.key] = min(blocked[batch.key] ?? .max, batch.firstOffset) }
        let ready = prepared.filter { $0.batch.firstOffset < blocked[$0.batch.key] ?? .max }
            .sorted { $0.batch.firstOffset < $1.batch.firstOffset }
            .prefix(batchesMax)
        let chosen = Set(ready.map(\.batch.firstOffset))
        let held = prepared.lazy.map(\.batch.firstOffset).filter { !chosen.contains($0) }.min()
        let lowest = [
            held, begun.lazy.map(\.firstOffset).min(), waiting.lazy.map(\.firstOffset).min(), batcher.lowestOffset,
        ]
        return (Array(ready), lowest.compactMap { $0 }.reduce(position, min))
    }

    /// The batches of `nextGroup` are in objects.
    mutating func committed(_ group: [PreparedBatch]) {
        remove(group)
        for batch in group { troubled[batch.batch.firstOffset] = nil }
        pendingBytes -= group.reduce(0) { $0 + $1.batch.lines.readableBytes }
    }

    /// The batches of `nextGroup` could not be committed.
    mutating func failed(_ group: [PreparedBatch]) {
        remove(group)
        stalled += group.map(\.batch)
        for batch in group { troubled[batch.batch.firstOffset] = batch.batch.begunAt }
    }

    private mutating func remove(_ group: [PreparedBatch]) {
        let offsets = Set(group.map(\.batch.firstOffset))
        prepared.removeAll { offsets.contains($0.batch.firstOffset) }
    }

    /// Goes on with other settings.
    ///
    /// Only when it is idle, so that no batch mixes the two.
    mutating func apply(_ changed: PipelineRecord) {
        precondition(isIdle, "settings changed under an open batch")
        record = changed
        partitioning = changed.settings.partitioning
        naming = changed.settings.naming(pipelineID: changed.id)
        batcher = Batcher(rules: Self.rules(of: changed))
    }
}

import FlareModel
import FlareStore
import NIOCore

/// What one pipeline's loop holds: how far it has read, its open batches, and those that are complete.
struct RunnerWork {
    private(set) var record: PipelineRecord
    private(set) var naming: ObjectNaming
    /// The next offset to read.
    private(set) var position: Int64
    /// Complete batches that wait for their commit, in the order in which it must happen.
    private(set) var rolled: [Batcher.Batch] = []

    private var batcher: Batcher
    private var key: JSONKey?
    private var rolledBytes = 0
    /// From the checkpoint: records of these keys below these offsets are in objects and are passed over.
    private var flushed: [ByteBuffer: Int64]
    private var flushedEnd: Int64

    init(_ record: PipelineRecord, checkpoint: Checkpoint) throws {
        self.record = record
        key = try record.settings.parsedKey()
        naming = try record.settings.naming(pipelineID: record.id)
        batcher = Batcher(rules: record.settings.rules)
        position = checkpoint.watermark
        flushed = checkpoint.flushed
        flushedEnd = checkpoint.flushed.values.max() ?? 0
    }

    var openCount: Int { batcher.openCount + rolled.count }

    /// When the oldest open batch must roll.
    var deadline: Timestamp? { batcher.deadline }

    /// Reads frames in order until they end or enough batches are complete.
    ///
    /// Returns the line bytes of records below `recoveredEnd` that were not in an object.
    mutating func feed(_ frames: [LogFrame], recoveredEnd: Int64) throws -> Int {
        var recovered = 0
        for frame in frames {
            recovered += try feed(frame, recoveredEnd: recoveredEnd)
            if rolledBytes >= Limits.pipelineReadBytes { break }
        }
        return recovered
    }

    private mutating func feed(_ frame: LogFrame, recoveredEnd: Int64) throws -> Int {
        // Read in full before the first record is taken, so that a damaged frame is not half in a batch.
        let content = try IngestFrameReader.read(frame.payload, recordCount: frame.recordCount)
        // A backlog is cut into the batches that it would have become in its own time.
        roll(batcher.advance(to: content.time))
        var recovered = 0
        for (offset, range) in zip(frame.firstOffset..., content.records) where offset >= position {
            let size = add(range, of: frame.payload, offset: offset, time: content.time)
            if offset < recoveredEnd { recovered += size }
        }
        position = frame.endOffset
        if position >= flushedEnd { flushed = [:] }
        return recovered
    }

    /// Adds one record and returns its bytes as a line; 0 when it is in an object already.
    private mutating func add(_ range: Range<Int>, of payload: ByteBuffer, offset: Int64, time: Timestamp) -> Int {
        let key = key?.value(in: payload, at: range) ?? ByteBuffer()
        if !flushed.isEmpty, let end = flushed[key], offset < end { return 0 }
        let start = payload.readerIndex
        let complete = payload.withUnsafeReadableBytes { bytes in
            let record = bytes[(range.lowerBound - start)..<(range.upperBound - start)]
            return batcher.add(UnsafeRawBufferPointer(rebasing: record), key: key, offset: offset, time: time)
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
        rolled += batches
        rolledBytes += batches.reduce(0) { $0 + $1.lines.readableBytes }
    }

    /// The next batches to commit together, and the watermark that holds once they are.
    ///
    /// Empty when none waits.
    func nextGroup() -> (batches: [Batcher.Batch], watermark: Int64) {
        var bytes = 0
        let batches = rolled.prefix(Limits.pipelineCommitBatchesMax).prefix { batch in
            defer { bytes += batch.lines.readableBytes }
            return bytes < Limits.pipelineReadBytes
        }
        let waiting = rolled.dropFirst(batches.count).map(\.firstOffset).min() ?? position
        return (Array(batches), min(position, waiting, batcher.lowestOffset ?? position))
    }

    /// The batches of `nextGroup` are in objects.
    mutating func groupCommitted(_ batches: [Batcher.Batch]) {
        rolled.removeFirst(batches.count)
        rolledBytes -= batches.reduce(0) { $0 + $1.lines.readableBytes }
    }

    /// Goes on with other settings.
    ///
    /// Only when no batch is open or waiting, so that none mixes the two.
    mutating func apply(_ changed: PipelineRecord) throws {
        precondition(openCount == 0, "settings changed under an open batch")
        record = changed
        key = try changed.settings.parsedKey()
        naming = try changed.settings.naming(pipelineID: changed.id)
        batcher = Batcher(rules: changed.settings.rules)
    }
}

import FlareModel
import NIOCore

/// The rules of batching: which records share an object, and when a batch is complete.
///
/// No clock, no I/O.
///
/// One open batch per key. A batch rolls at its size, row count or age, whichever is first; age counts from the ingest
/// time of its first record, so that it survives a restart. It rolls early when keys, memory or the span of log that
/// it holds back would exceed their bound. Records come in the order of their offsets.
struct Batcher {
    struct Rules: Sendable, Hashable {
        var bytesMax: Int
        var rowsMax: Int
        var age: Duration
        var keysMax = Limits.pipelineOpenBatchesMax
        var openBytesMax = Limits.pipelineOpenBytesMax
        var spanBytesMax = Limits.pipelineSpanBytesMax
        /// Whether batches keep where each of their records came from.
        var keepsOrigins = false
    }

    /// Where one record of a batch came from: kept only where a record may have to leave its batch again.
    struct Origin: Sendable {
        let offset: Int64
        let time: Timestamp
        let source: IngestSource
    }

    /// Records of one key, as lines.
    struct Batch: Sendable {
        let key: ByteBuffer
        let firstOffset: Int64
        /// The ingest time of the first record.
        let firstTime: Timestamp
        /// When it rolls by age.
        ///
        /// Never before that of an older batch, even if the clock was set back.
        fileprivate(set) var deadline: Timestamp
        /// All record bytes that were fed before this batch began.
        let begunAt: Int64
        fileprivate(set) var lastOffset: Int64
        fileprivate(set) var rows = 0
        fileprivate(set) var lines: ByteBuffer
        /// One for each row, or none.
        fileprivate(set) var origins: [Origin] = []
        /// Why it is complete.
        fileprivate(set) var reason = RollReason.flush
    }

    var rules: Rules

    private var slots: [Batch] = []
    private var free: [Int] = []
    private var slotOfKey: [ByteBuffer: Int] = [:]
    /// Oldest first: also the order of first offsets and of deadlines.
    private var byAge = SlotList()
    /// Least recently used first.
    private var byUse = SlotList()
    private var openBytes = 0
    /// Line bytes of all records that were fed.
    private(set) var fedBytes: Int64 = 0

    init(rules: Rules) {
        self.rules = rules
    }

    var openCount: Int { slotOfKey.count }

    /// All records below it are in no open batch; nil when none is open.
    var lowestOffset: Int64? { byAge.first.map { slots[$0].firstOffset } }

    /// The ingest time of the oldest open record; nil when none is open.
    var oldestTime: Timestamp? { byAge.first.map { slots[$0].firstTime } }

    /// When the oldest batch must roll; nil when none is open.
    var deadline: Timestamp? { byAge.first.map { slots[$0].deadline } }

    /// Adds one record.
    ///
    /// Returns the batches that became complete, in the order in which they may be written.
    mutating func add(
        _ record: UnsafeRawBufferPointer,
        key: ByteBuffer,
        offset: Int64,
        time: Timestamp,
        source: IngestSource = .http
    ) -> [Batch] {
        let size = record.count + 1
        var rolled: [Batch] = []
        if let slot = slotOfKey[key], slots[slot].lines.readableBytes + size > rules.bytesMax {
            rolled.append(close(slot, .size))
        }
        let slot: Int
        if let open = slotOfKey[key] {
            slot = open
            byUse.moveToEnd(slot)
        } else {
            if openCount >= rules.keysMax, let idle = byUse.first { rolled.append(close(idle, .memory)) }
            slot = open(key: key, offset: offset, time: time, capacity: size)
        }
        slots[slot].lines.writeBytes(record)
        slots[slot].lines.writeInteger(UInt8(ascii: "\n"))
        slots[slot].rows += 1
        slots[slot].lastOffset = offset
        if rules.keepsOrigins { slots[slot].origins.append(Origin(offset: offset, time: time, source: source)) }
        openBytes += size
        fedBytes += Int64(size)
        if slots[slot].lines.readableBytes >= rules.bytesMax {
            rolled.append(close(slot, .size))
        } else if slots[slot].rows >= rules.rowsMax {
            rolled.append(close(slot, .rows))
        }
        rollWithinBounds(into: &rolled)
        return rolled
    }

    /// Time has come to `now`.
    ///
    /// Returns the batches whose age is up, oldest first.
    mutating func advance(to now: Timestamp) -> [Batch] {
        var rolled: [Batch] = []
        while let slot = byAge.first, slots[slot].deadline <= now { rolled.append(close(slot, .age)) }
        return rolled
    }

    /// Completes all open batches, oldest first.
    mutating func rollAll() -> [Batch] {
        var rolled: [Batch] = []
        while let slot = byAge.first { rolled.append(close(slot, .flush)) }
        return rolled
    }

    private mutating func rollWithinBounds(into rolled: inout [Batch]) {
        if let oldest = byAge.first, fedBytes - slots[oldest].begunAt > Int64(rules.spanBytesMax) {
            rolled.append(close(oldest, .span))
        }
        // The largest frees most; it holds at least its share of the bound, so this scan is rare.
        if openBytes > rules.openBytesMax,
            let largest = slotOfKey.values.max(by: { slots[$0].lines.readableBytes < slots[$1].lines.readableBytes })
        {
            rolled.append(close(largest, .memory))
        }
    }

    private mutating func open(key: ByteBuffer, offset: Int64, time: Timestamp, capacity: Int) -> Int {
        // Its own copy: the slice handed in would keep the whole frame in memory.
        let key = ByteBuffer(bytes: key.readableBytesView)
        let previous = byAge.last.map { slots[$0].deadline }
        let batch = Batch(
            key: key,
            firstOffset: offset,
            firstTime: time,
            deadline: max(time + rules.age, previous ?? time),
            begunAt: fedBytes,
            lastOffset: offset,
            lines: ByteBufferAllocator().buffer(capacity: max(capacity, 1_024))
        )
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            slots[slot] = batch
        } else {
            slot = slots.count
            slots.append(batch)
        }
        slotOfKey[key] = slot
        byAge.append(slot)
        byUse.append(slot)
        return slot
    }

    private mutating func close(_ slot: Int, _ reason: RollReason) -> Batch {
        var batch = slots[slot]
        batch.reason = reason
        slotOfKey[batch.key] = nil
        byAge.remove(slot)
        byUse.remove(slot)
        openBytes -= batch.lines.readableBytes
        // The slot lets go of the bytes; only the batch handed out holds them from here on.
        slots[slot].lines = ByteBuffer()
        slots[slot].origins = []
        free.append(slot)
        return batch
    }
}

import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines
@testable import FlareStore

/// A stream in memory, and the bucket and checkpoint that its loop writes to: what survives a crash.
private struct WorkModel {
    let record: PipelineRecord
    var frames: [LogFrame] = []
    var keys: [String] = []
    var checkpoint = Checkpoint(watermark: 0, flushed: [:])
    /// The numbers of the records of each object, in the order of the commits.
    var objects: [(key: String, numbers: [Int])] = []
    var time = Timestamp(milliseconds: 1_000)

    init(rowsMax: Int, seconds: Int = 10) throws {
        let body = PipelineCreateBody(
            name: "orders",
            destinationBucket: "data",
            settings: PipelineSettingsBody(
                batchOnJSONKey: ".k",
                batch: PipelineBatchBody(maxDurationSeconds: seconds, maxRows: rowsMax)
            )
        )
        record = PipelineRecord(name: "orders", settings: try PipelineSettings(body), at: time)
    }

    var end: Int64 { Int64(keys.count) }

    mutating func append(_ newKeys: [String], stamp: ProducerStamp? = nil) {
        var payload = IngestFrame.begin(source: .http, at: time, stamp: stamp, capacity: 0)
        for (number, key) in zip(keys.count..., newKeys) {
            Array("{\"k\":\"\(key)\",\"n\":\(number)}".utf8).withUnsafeBufferPointer {
                IngestFrame.append($0, hasLineBreaks: false, to: &payload)
            }
        }
        frames.append(LogFrame(firstOffset: end, recordCount: newKeys.count, payload: payload))
        keys += newKeys
    }

    func work() -> RunnerWork { RunnerWork(record, checkpoint: checkpoint) }

    /// As the log: frames from the one on that holds an offset.
    func frames(from offset: Int64, max: Int) -> [LogFrame] {
        Array(frames.filter { $0.endOffset > offset }.prefix(max))
    }

    /// What the transaction of a commit does.
    mutating func commit(_ group: [PreparedBatch], watermark: Int64) throws {
        for batch in group.map(\.batch) {
            let numbers = try String(buffer: batch.lines).split(separator: "\n").map {
                try #require(try JSONValue(json: $0.utf8)["n"]?.integerValue)
            }
            #expect(numbers.count == batch.rows)
            #expect(numbers.first.map(Int64.init) == batch.firstOffset)
            #expect(numbers.last.map(Int64.init) == batch.lastOffset)
            objects.append((String(buffer: batch.key), numbers))
            if batch.lastOffset >= watermark { checkpoint.flushed[batch.key] = batch.lastOffset + 1 }
        }
        #expect(watermark >= checkpoint.watermark)
        checkpoint.watermark = watermark
        checkpoint.flushed = checkpoint.flushed.filter { $0.value > watermark }
    }

    /// All below the watermark is in objects, nothing is in two, and each key's records are in order.
    func check() {
        let written = objects.flatMap(\.numbers)
        #expect(Set(written).count == written.count, "a record is in two objects")
        #expect(Set(0..<Int(checkpoint.watermark)).isSubset(of: written), "the watermark is beyond a record")
        for (key, objects) in Dictionary(grouping: objects, by: \.key) {
            let numbers = objects.flatMap(\.numbers)
            #expect(numbers == numbers.sorted(), "records of \(key) are out of order")
            #expect(numbers.allSatisfy { keys[$0] == key })
        }
    }
}

@Suite("the work of a pipeline's loop")
struct RunnerWorkTests {
    /// Does one thing of those that may come next.
    private func step(
        _ work: inout RunnerWork,
        _ model: inout WorkModel,
        _ preparing: inout [Batcher.Batch],
        _ generator: inout SeededGenerator
    ) throws {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...3:
            model.time = model.time + .milliseconds(Int64.random(in: 0...3_000, using: &generator))
            let count = Int.random(in: 1...12, using: &generator)
            model.append((0..<count).map { _ in "k\(Int.random(in: 0..<6, using: &generator))" })
        case 4...7:
            let frames = model.frames(from: work.position, max: Int.random(in: 1...3, using: &generator))
            _ = try work.feed(frames, recoveredEnd: 0)
        case 8: work.advance(to: model.time)
        case 9: if Int.random(in: 0..<4, using: &generator) == 0 { work.rollAll() }
        case 10...12: if let batch = work.takeNext() { preparing.append(batch) }
        case 13...15:
            guard !preparing.isEmpty else { return }
            let batch = preparing.remove(at: Int.random(in: 0..<preparing.count, using: &generator))
            if Int.random(in: 0..<5, using: &generator) == 0 {
                work.stall(batch)
            } else {
                work.add(PreparedBatch(batch: batch))
            }
        case 16: work.retryStalled()
        case 17...18:
            let group = work.nextGroup(batchesMax: Int.random(in: 1...4, using: &generator))
            if group.batches.isEmpty { return }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                work.failed(group.batches)
            } else {
                try model.commit(group.batches, watermark: group.watermark)
                work.committed(group.batches)
            }
        default:
            guard Int.random(in: 0..<6, using: &generator) == 0 else { return }
            work = model.work()
            preparing = []
        }
    }

    private func finish(_ work: inout RunnerWork, _ model: inout WorkModel) throws {
        while work.position < model.end || !work.isIdle {
            _ = try work.feed(model.frames(from: work.position, max: 9), recoveredEnd: 0)
            work.rollAll()
            work.retryStalled()
            while let batch = work.takeNext() { work.add(PreparedBatch(batch: batch)) }
            let group = work.nextGroup(batchesMax: 7)
            try model.commit(group.batches, watermark: group.watermark)
            work.committed(group.batches)
        }
    }

    @Test(
        "whatever fails, stalls or crashes, each record is in one object, and those of a key in order",
        arguments: 0..<16
    )
    func conservation(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var model = try WorkModel(rowsMax: Int.random(in: 1...6, using: &generator))
        var work = model.work()
        var preparing: [Batcher.Batch] = []
        for _ in 0..<700 {
            try step(&work, &model, &preparing, &generator)
            #expect(work.preparingCount == preparing.count)
        }
        model.check()
        work = model.work()
        try finish(&work, &model)
        model.check()
        #expect(model.objects.flatMap(\.numbers).sorted() == Array(0..<model.keys.count))
        #expect(model.checkpoint == Checkpoint(watermark: model.end, flushed: [:]))
        #expect(!work.isFull && !work.hasTrouble && !work.hasStalled && work.oldestTime == nil)
    }

    @Test("a batch whose forerunner of the same key is not ready waits; those of other keys do not")
    func keysAlone() throws {
        var model = try WorkModel(rowsMax: 1)
        model.append(["a", "a", "b"])
        var work = model.work()
        _ = try work.feed(model.frames, recoveredEnd: 0)
        let batches = (0..<3).compactMap { _ in work.takeNext() }
        work.add(PreparedBatch(batch: batches[1]))
        work.add(PreparedBatch(batch: batches[2]))
        var group = work.nextGroup(batchesMax: 9)
        #expect(group.batches.map(\.batch.firstOffset) == [2])
        #expect(group.watermark == 0)
        work.committed(group.batches)
        work.stall(batches[0])
        #expect(work.nextGroup(batchesMax: 9).batches.isEmpty)
        #expect(work.hasTrouble)
        work.retryStalled()
        let next = work.takeNext()
        let again = try #require(next)
        #expect(again.firstOffset == 0)
        work.add(PreparedBatch(batch: again))
        group = work.nextGroup(batchesMax: 9)
        #expect(group.batches.map(\.batch.firstOffset) == [0, 1])
        #expect(group.watermark == 3)
        work.committed(group.batches)
        #expect(work.isIdle && !work.hasTrouble)
    }

    @Test("with enough complete batches it reads no further, not even to the end of a frame")
    func full() throws {
        var model = try WorkModel(rowsMax: 1)
        let count = Limits.pipelinePendingBatchesMax
        model.append((0..<(3 * count)).map { "k\($0)" }, stamp: ProducerStamp(kind: .kafka, id: [1]))
        model.append(["last"])
        var work = model.work()
        let fed = try work.feed(model.frames(from: 0, max: 9), recoveredEnd: 0)
        #expect(fed.stamps.count == 1)
        #expect(work.isFull)
        #expect(work.openCount == count)
        #expect(work.position == Int64(count))
        var rounds = 0
        while work.position < model.end || !work.isIdle {
            rounds += 1
            while let batch = work.takeNext() { work.add(PreparedBatch(batch: batch)) }
            let group = work.nextGroup(batchesMax: .max)
            try model.commit(group.batches, watermark: group.watermark)
            work.committed(group.batches)
            // Half-way through, as after a crash in the middle of a frame.
            if rounds == 2 { work = model.work() }
            _ = try work.feed(model.frames(from: work.position, max: 9), recoveredEnd: 0)
            #expect(work.openCount <= count)
        }
        #expect(rounds == 4)
        model.check()
        #expect(model.objects.count == 3 * count + 1)
    }

    @Test("a backlog is cut into the batches that it would have become in its own time")
    func backlog() throws {
        var model = try WorkModel(rowsMax: 100, seconds: 10)
        for _ in 0..<6 {
            model.append(["a"])
            model.time = model.time + .seconds(4)
        }
        var work = model.work()
        _ = try work.feed(model.frames, recoveredEnd: 0)
        var rows: [Int] = []
        while let batch = work.takeNext() { rows.append(batch.rows) }
        #expect(rows == [3])
        #expect(work.deadline == Timestamp(milliseconds: 1_000 + 22_000))
    }

    @Test("recovered records are counted once, those in objects already not at all")
    func recovered() throws {
        var model = try WorkModel(rowsMax: 2)
        model.append(["a", "b", "b", "a"])
        model.checkpoint = Checkpoint(watermark: 0, flushed: [ByteBuffer(string: "b"): 3])
        var work = model.work()
        let size = "{\"k\":\"a\",\"n\":0}\n".utf8.count
        let fed = try work.feed(model.frames, recoveredEnd: 3)
        #expect(fed.recoveredBytes == size)
        let again = try work.feed(model.frames(from: work.position, max: 1), recoveredEnd: 3)
        #expect(again.recoveredBytes == 0)
        let batch = work.takeNext()
        #expect(batch?.rows == 2)
    }

    @Test("a batch that cannot be written lets other keys go on, until too much log waits for it")
    func heldBack() throws {
        var model = try WorkModel(rowsMax: 2)
        model.append(["bad", "bad"] + Array(repeating: "good", count: 20))
        var work = RunnerWork(model.record, checkpoint: model.checkpoint, heldSpanBytesMax: 100)
        _ = try work.feed(model.frames, recoveredEnd: 0)
        let bad = work.takeNext()
        work.stall(try #require(bad))
        while let next = work.takeNext() { work.add(PreparedBatch(batch: next)) }
        let others = work.nextGroup(batchesMax: 100)
        #expect(others.batches.count == 10)
        #expect(others.watermark == 0)
        work.committed(others.batches)
        #expect(work.isFull)

        work.retryStalled()
        #expect(work.isFull)
        let again = work.takeNext()
        work.add(PreparedBatch(batch: try #require(again)))
        work.committed(work.nextGroup(batchesMax: 1).batches)
        #expect(!work.isFull)
    }
}

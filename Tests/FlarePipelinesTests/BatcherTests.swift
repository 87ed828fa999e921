import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("batching rules")
struct BatcherTests {
    private struct Feed {
        var batcher: Batcher
        var offset: Int64 = 0

        init(bytesMax: Int = 1_000, rowsMax: Int = 1_000, age: Duration = .seconds(10), keysMax: Int = 100) {
            batcher = Batcher(rules: .init(bytesMax: bytesMax, rowsMax: rowsMax, age: age, keysMax: keysMax))
        }

        mutating func add(_ key: String, bytes: Int = 9, at milliseconds: Int64 = 0) -> [Batcher.Batch] {
            let record = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
            defer { offset += 1 }
            return record.withUnsafeBytes {
                batcher.add(
                    $0,
                    key: ByteBuffer(string: key),
                    offset: offset,
                    time: Timestamp(milliseconds: milliseconds)
                )
            }
        }
    }

    private func keys(_ batches: [Batcher.Batch]) -> [String] { batches.map { String(buffer: $0.key) } }

    @Test("records with different keys never share a batch")
    func byKey() {
        var feed = Feed()
        #expect(feed.add("a").isEmpty && feed.add("b").isEmpty && feed.add("a").isEmpty)
        let rolled = feed.batcher.rollAll()
        #expect(keys(rolled) == ["a", "b"])
        #expect(rolled.map(\.rows) == [2, 1])
        #expect(rolled.map(\.firstOffset) == [0, 1])
        #expect(rolled.map(\.lastOffset) == [2, 1])
        #expect(String(buffer: rolled[1].lines) == "xxxxxxxxx\n")
    }

    @Test("a batch rolls at its rows")
    func byRows() {
        var feed = Feed(rowsMax: 2)
        #expect(feed.add("a").isEmpty)
        #expect(feed.add("b").isEmpty)
        #expect(keys(feed.add("a")) == ["a"])
        #expect(feed.batcher.openCount == 1)
    }

    @Test("a batch never exceeds its size, unless one record alone does")
    func bySize() {
        var feed = Feed(bytesMax: 100)
        for _ in 0..<9 { #expect(feed.add("a").isEmpty) }
        #expect(feed.add("a").map(\.lines.readableBytes) == [100])
        #expect(feed.add("a", bytes: 50).isEmpty)
        #expect(feed.add("a", bytes: 59).map(\.lines.readableBytes) == [51])
        #expect(feed.add("a", bytes: 500).map(\.lines.readableBytes) == [60, 501])
        #expect(feed.batcher.openCount == 0)
    }

    @Test("a batch rolls at its age, counted from its first record")
    func byAge() {
        var feed = Feed()
        _ = feed.add("a", at: 1_000)
        _ = feed.add("b", at: 2_000)
        _ = feed.add("a", at: 10_999)
        #expect(feed.batcher.deadline == Timestamp(milliseconds: 11_000))
        #expect(feed.batcher.advance(to: Timestamp(milliseconds: 10_999)).isEmpty)
        #expect(keys(feed.batcher.advance(to: Timestamp(milliseconds: 11_000))) == ["a"])
        #expect(keys(feed.batcher.advance(to: Timestamp(milliseconds: 99_000))) == ["b"])
        #expect(feed.batcher.deadline == nil)
    }

    @Test("a clock that was set back delays a batch, but keeps the order of deadlines")
    func clockSetBack() {
        var feed = Feed()
        _ = feed.add("a", at: 50_000)
        _ = feed.add("b", at: 1_000)
        #expect(feed.batcher.advance(to: Timestamp(milliseconds: 59_999)).isEmpty)
        #expect(keys(feed.batcher.advance(to: Timestamp(milliseconds: 60_000))) == ["a", "b"])
    }

    @Test("one key too many rolls the least recently used")
    func byKeys() {
        var feed = Feed(keysMax: 3)
        _ = feed.add("a")
        _ = feed.add("b")
        _ = feed.add("c")
        _ = feed.add("a")
        #expect(keys(feed.add("d")) == ["b"])
        #expect(keys(feed.add("b")) == ["c"])
        #expect(feed.batcher.openCount == 3)
    }

    @Test("memory is bounded by rolling the largest batch")
    func byMemory() {
        var feed = Feed(bytesMax: 10_000)
        feed.batcher.rules.openBytesMax = 1_000
        for index in 0..<9 { _ = feed.add(index == 0 ? "big" : "small\(index)", bytes: index == 0 ? 500 : 59) }
        #expect(keys(feed.add("last", bytes: 99)) == ["big"])
    }

    @Test("a batch that would hold back too much of the log rolls")
    func bySpan() {
        var feed = Feed(bytesMax: 10_000)
        feed.batcher.rules.spanBytesMax = 100
        _ = feed.add("idle")
        for _ in 0..<9 { #expect(feed.add("busy").isEmpty) }
        #expect(keys(feed.add("busy")) == ["idle"])
    }

    @Test("the lowest offset is that of the oldest open batch")
    func lowest() {
        var feed = Feed(rowsMax: 2)
        #expect(feed.batcher.lowestOffset == nil)
        _ = feed.add("a")
        _ = feed.add("b")
        #expect(feed.batcher.lowestOffset == 0)
        _ = feed.add("a")
        #expect(feed.batcher.lowestOffset == 1)
        _ = feed.add("a")
        _ = feed.add("b")
        #expect(feed.batcher.lowestOffset == 3)
    }

    @Test("whatever the keys and sizes, each record is in one batch, in its order")
    func conservation() {
        var generator = SystemRandomNumberGenerator()
        var feed = Feed(bytesMax: 300, rowsMax: 7, age: .milliseconds(50), keysMax: 5)
        feed.batcher.rules.openBytesMax = 900
        feed.batcher.rules.spanBytesMax = 2_000
        var rolled: [Batcher.Batch] = []
        for index in 0..<5_000 {
            let key = "k\(Int.random(in: 0..<12, using: &generator))"
            rolled += feed.add(key, bytes: Int.random(in: 2...120, using: &generator), at: Int64(index))
            if index % 37 == 0 { rolled += feed.batcher.advance(to: Timestamp(milliseconds: Int64(index))) }
            #expect(feed.batcher.openCount <= 5)
        }
        rolled += feed.batcher.rollAll()
        #expect(rolled.reduce(0) { $0 + $1.rows } == 5_000)
        for (_, batches) in Dictionary(grouping: rolled, by: { String(buffer: $0.key) }) {
            for (earlier, later) in zip(batches, batches.dropFirst()) {
                #expect(earlier.lastOffset < later.firstOffset)
            }
        }
    }
}

@Suite("a list of slots")
struct SlotListTests {
    @Test("keeps its order through removals and moves")
    func order() {
        var list = SlotList()
        var model: [Int] = []
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let slot = Int.random(in: 0..<20, using: &generator)
            if !model.contains(slot) {
                list.append(slot)
                model.append(slot)
            } else if Bool.random(using: &generator) {
                list.remove(slot)
                model.removeAll { $0 == slot }
            } else {
                list.moveToEnd(slot)
                model.removeAll { $0 == slot }
                model.append(slot)
            }
            #expect(list.first == model.first)
            #expect(list.last == model.last)
        }
    }
}

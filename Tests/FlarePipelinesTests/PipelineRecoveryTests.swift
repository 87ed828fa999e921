import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Glibc
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("pipelines after trouble")
struct PipelineRecoveryTests {
    @Test("what was open in a batch is written after a restart, with its age counted from its first record")
    func openBatch() async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            try await first.create()
            try await first.send("[{\"shop\":\"a\",\"n\":1},{\"shop\":\"b\",\"n\":2}]")
            try await first.crash()
            f.time.advance(by: .seconds(59))
            let second = try await f.start()
            try await second.until("the batches are open again") {
                try second.pipelines.get("orders").progress.openBatches == 2
            }
            #expect(try second.pipelines.get("orders").progress.unflushedBytes == 38)
            #expect(try await second.keys().isEmpty)
            f.time.advance(by: .seconds(1))
            try await second.until("both are written") { try await second.keys().count == 2 }
            #expect(try await second.numbers().sorted() == [1, 2])
            try await second.crash()
        }
    }

    @Test("keys ahead of the watermark are not written twice after a restart")
    func aheadOfWatermark() async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            try await first.create(batch: .init(maxDurationSeconds: 60, maxRows: 2))
            try await first.send("[{\"shop\":\"slow\",\"n\":0}]")
            for n in 1...5 { try await first.send("[{\"shop\":\"fast\",\"n\":\(n)}]") }
            try await first.until("two batches of the fast key") { try await first.keys().count == 2 }
            #expect(try first.pipelines.get("orders").progress.flushedOffset == 0)
            try await first.crash()
            let second = try await f.start()
            try await second.pipelines.flush("orders")
            #expect(try await second.numbers().sorted() == [0, 1, 2, 3, 4, 5])
            #expect(try second.pipelines.get("orders").progress.flushedOffset == 6)
            #expect(try second.pipelines.get("orders").progress.unflushedBytes == 0)
            let rows = try await second.database.read {
                try $0.row("SELECT count(*) FROM pipeline_flushed") { $0.int(0) }
            }
            #expect(rows == 0)
            try await second.crash()
        }
    }

    @Test("each accepted record is in exactly one object, with one notification, over many crashes")
    func exactlyOnce() async throws {
        try await PipelinesFixture.with { f in
            var generator = SystemRandomNumberGenerator()
            var accepted = 0
            for round in 0..<15 {
                let life = try await f.start()
                if round == 0 {
                    try await life.create(batch: .init(maxDurationSeconds: 3, maxRows: 4))
                    _ = try await life.queues.create("new-orders")
                    let rule = NotificationRule(actions: Set(ObjectEventType.objectCreate.actions))
                    _ = try await life.buckets.addRules(
                        [NewNotificationRule(rule)],
                        bucket: "data",
                        queue: "new-orders"
                    )
                }
                for _ in 0..<Int.random(in: 1...12, using: &generator) {
                    let count = Int.random(in: 1...9, using: &generator)
                    let records = (accepted..<(accepted + count)).map { "{\"shop\":\($0 % 5),\"n\":\($0)}" }
                    try await life.send("[" + records.joined(separator: ",") + "]")
                    accepted += count
                    f.time.advance(by: .milliseconds(Int64.random(in: 0...900, using: &generator)))
                    for _ in 0..<Int.random(in: 0...20, using: &generator) { await Task.yield() }
                }
                try await life.crash()
            }
            let last = try await f.start()
            try await last.pipelines.flush("orders")
            #expect(try await last.numbers().sorted() == Array(0..<accepted))
            let messages = try await last.queues.get("new-orders").metrics.backlogCount
            #expect(try await last.keys().count == messages)
            try await last.crash()
        }
    }

    @Test("a commit that fails is tried again, is visible meanwhile, and loses and doubles nothing")
    func failingCommit() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            _ = try await life.database.write {
                try $0.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'no room here'); END"
                )
            }
            try await life.send("[{\"shop\":\"a\",\"n\":1},{\"shop\":\"b\",\"n\":2}]")
            #expect(await code { try await life.pipelines.flush("orders") } != nil)
            let lastError = try life.pipelines.get("orders").progress.lastError
            #expect(lastError?.contains("no room here") == true, "\(lastError ?? "no error")")
            #expect(await code { try await life.pipelines.delete("orders") } != nil)
            try await life.send("[{\"shop\":\"a\",\"n\":3}]")
            _ = try await life.database.write { try $0.execute("DROP TRIGGER refuse") }
            try await life.until("all is written") {
                f.time.advance(by: .seconds(10))
                return try life.pipelines.get("orders").progress.flushedOffset >= 2
            }
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [1, 2, 3])
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            try await life.crash()
        }
    }

    @Test("objects wait for room on a full disk and are written when there is some")
    func fullDisk() async throws {
        try await PipelinesFixture.with { f in
            let disk = FaultyDisk()
            let life = try await f.start(disk: disk)
            try await life.create(key: nil)
            disk.capacityBytes = 0
            let text = String(repeating: "x", count: 50_000)
            try await life.send("[{\"n\":1,\"text\":\"\(text)\"}]")
            #expect(await code { try await life.pipelines.flush("orders") } == .diskFull)
            disk.capacityBytes = .max
            try await life.until("the object is there") {
                f.time.advance(by: .seconds(10))
                return try await life.keys().count == 1
            }
            #expect(try await life.numbers() == [1])
            try await life.crash()
        }
    }

    @Test("a pipeline that cannot be written can be given up")
    func discard() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            try await life.send("[{\"n\":1}]")
            try await life.pipelines.delete("orders", discarding: true)
            #expect(life.pipelines.list().isEmpty)
            #expect(try await life.keys().isEmpty)
            try await life.crash()
        }
    }

    @Test("a stream that lost records is reported, takes none, and stops no other pipeline")
    func lostStream() async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            let record = try await first.create()
            try await first.send("[{\"n\":1}]")
            try await first.pipelines.flush("orders")
            try await first.crash()
            try SegmentLog.remove(directory: "\(f.directory.streams)/\(record.id)")
            let second = try await f.start()
            #expect(await code { try await second.send("[{\"n\":2}]") } == .corruptStore)
            #expect(try second.pipelines.get("orders").progress.lastError?.contains("has lost records") == true)
            try await second.pipelines.create(PipelineCreateBody(name: "other", destinationBucket: "data"))
            #expect(await code { try await second.pipelines.delete("orders") } == .corruptStore)
            try await second.pipelines.delete("orders", discarding: true)
            try await second.crash()
        }
    }

    @Test("streams without a pipeline are swept up")
    func orphans() async throws {
        try await PipelinesFixture.with { f in
            try SegmentLog(directory: "\(f.directory.streams)/orphan").close()
            let life = try await f.start()
            #expect(try PosixDisk().list(f.directory.streams).isEmpty)
            try await life.crash()
        }
    }
}

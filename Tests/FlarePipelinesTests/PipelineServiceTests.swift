import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import FlarePipelines

@Suite("pipelines")
struct PipelineServiceTests {
    @Test("a pipeline is created with its bucket, shown, changed and deleted")
    func life() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            let record = try await life.create()
            #expect(try await life.buckets.get("data").objectCount == 0)
            #expect(try life.pipelines.get("orders").record == record)
            #expect(try life.pipelines.get(record.id).record == record)
            #expect(life.pipelines.list().map(\.record.name) == ["orders"])
            #expect(await code { try await life.create() } == .alreadyExists)
            let changed = try await life.pipelines.update(
                "orders",
                PipelineUpdateBody(settings: .init(prefix: "cooked/"))
            )
            #expect(changed.version == 2)
            #expect(changed.settings.prefix == "cooked")
            #expect(changed.settings.jsonKey == ".shop")
            try await life.pipelines.delete("orders")
            #expect(life.pipelines.list().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: f.directory.streams).isEmpty)
            try await life.create()
            try await life.crash()
        }
    }

    @Test("an unknown pipeline is named with the nearest one")
    func unknown() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let error = #expect(throws: FlareError.self) { try life.pipelines.stream(named: "order") }
            #expect(error?.code == .pipelineNotFound)
            #expect(error?.message.contains("Did you mean \"orders\"?") == true)
            try await life.crash()
        }
    }

    @Test(
        "settings out of bounds are refused, and nothing is left behind",
        arguments: [
            PipelineCreateBody(name: "Bad Name", destinationBucket: "data"),
            PipelineCreateBody(name: "ok", destinationBucket: "B"),
            PipelineCreateBody(name: "ok", destinationBucket: "data", settings: .init(batchOnJSONKey: ".a[")),
            PipelineCreateBody(name: "ok", destinationBucket: "data", settings: .init(prefix: "/x")),
            PipelineCreateBody(name: "ok", destinationBucket: "data", settings: .init(prefix: "../x")),
            PipelineCreateBody(name: "ok", destinationBucket: "data", settings: .init(batch: .init(maxBytes: 0))),
            PipelineCreateBody(
                name: "ok",
                destinationBucket: "data",
                settings: .init(batch: .init(maxDurationSeconds: 100_000))
            ),
            PipelineCreateBody(name: "ok", destinationBucket: "data", settings: .init(batch: .init(maxRows: -1))),
        ]
    )
    func badSettings(body: PipelineCreateBody) async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            let failure = await code { try await life.pipelines.create(body) }
            #expect(failure == .invalidName || failure == .invalidArgument)
            #expect(life.pipelines.list().isEmpty)
            #expect(await code { try await life.buckets.get("data") } == .bucketNotFound)
            try await life.crash()
        }
    }

    @Test("the bucket of a pipeline cannot be deleted under it")
    func bucketInUse() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            #expect(await code { try await life.buckets.delete("data") } == .inUse)
            try await life.pipelines.delete("orders")
            try await life.buckets.delete("data")
            try await life.crash()
        }
    }

    @Test("records get offsets, and refused ones none")
    func offsets() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            #expect(try await life.send("[{\"n\":1},{\"n\":2}]").offset == 0)
            let result = try await life.send("[{\"n\":3},4]")
            #expect(result.offset == 2)
            #expect(result.committed == 1)
            #expect(result.refused.map(\.index) == [1])
            #expect(await code { try await life.send("[4]") } == .invalidData)
            #expect(try life.pipelines.get("orders").progress.endOffset == 3)
            try await life.crash()
        }
    }

    @Test("a batch becomes an object when its time is up, with notification and checkpoint")
    func byTime() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            _ = try await life.queues.create("new-orders")
            let rule = NotificationRule(prefix: "", suffix: "", actions: Set(ObjectEventType.objectCreate.actions))
            _ = try await life.buckets.addRules([NewNotificationRule(rule)], bucket: "data", queue: "new-orders")
            try await life.send(
                "[{\"shop\":\"a/b\",\"n\":1},{\"shop\":7,\"n\":2},{\"n\":3},{\"shop\":\"a/b\",\"n\":4}]"
            )
            try await life.until("three batches are open") {
                try life.pipelines.get("orders").progress.openBatches == 3
            }
            #expect(try await life.keys().isEmpty)
            f.time.advance(by: .seconds(60))
            try await life.until("all is written") { try life.pipelines.get("orders").progress.flushedOffset == 4 }
            let keys = try await life.keys()
            #expect(keys.map { $0.split(separator: "/")[1] } == ["shop=7", "shop=__none__", "shop=a%2Fb"])
            #expect(keys.allSatisfy { $0.hasPrefix("raw/shop=") && $0.contains("/event_date=2023-11-14/hr=22/") })
            #expect(try await life.numbers().sorted() == [1, 2, 3, 4])
            #expect(try await life.queues.peek("new-orders", limit: 10).count == 3)
            #expect(try life.pipelines.get("orders").progress.unflushedBytes == 0)
            try await life.crash()
        }
    }

    @Test("a batch becomes an object at its rows and at its size")
    func byCount() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create(key: nil, batch: .init(maxBytes: 1_000, maxDurationSeconds: 60, maxRows: 10))
            for n in 0..<30 { try await life.send("{\"n\":\(n)}") }
            try await life.until("three objects") { try await life.keys().count == 3 }
            for n in 30..<34 {
                try await life.send("{\"n\":\(n),\"text\":\"\(String(repeating: "x", count: 480))\"}")
            }
            try await life.until("a fourth object") { try await life.keys().count >= 4 }
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == Array(0..<34))
            try await life.crash()
        }
    }

    @Test("objects are compressed as asked", arguments: [PipelineCompression.gzip, .zstd])
    func compressed(kind: PipelineCompression) async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create(key: nil, compression: kind)
            try await life.send("[" + (0..<2_000).map { "{\"n\":\($0)}" }.joined(separator: ",") + "]")
            try await life.pipelines.flush("orders")
            let key = try #require(try await life.keys().first)
            #expect(key.hasSuffix(".ndjson" + kind.suffix))
            let bytes = try await life.buckets.bytes(key, in: "data")
            let magic: [UInt8] = kind == .gzip ? [0x1F, 0x8B] : [0x28, 0xB5, 0x2F, 0xFD]
            #expect(bytes.readableBytesView.starts(with: magic))
            #expect(bytes.readableBytes < 12_000)
            try await life.crash()
        }
    }

    @Test("changed settings hold for what comes after; what came before is written under the old ones")
    func change() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            try await life.send("{\"shop\":\"a\",\"city\":\"x\",\"n\":1}")
            let body = PipelineUpdateBody(
                destinationBucket: "other",
                settings: .init(batchOnJSONKey: ".city", prefix: "")
            )
            try await life.pipelines.update("orders", body)
            #expect(try await life.numbers() == [1])
            try await life.send("{\"shop\":\"a\",\"city\":\"x\",\"n\":2}")
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers() == [1])
            let other = try await life.buckets.list(ObjectListRequest(limit: 10), in: "other").objects
            #expect(other.map { $0.key.hasPrefix("city=x/event_date=") } == [true])
            try await life.crash()
            let next = try await f.start()
            #expect(try next.pipelines.get("orders").record.settings.bucket == "other")
            try await next.crash()
        }
    }

    @Test("a deleted pipeline has written what it accepted")
    func deleteFlushes() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let stream = try life.pipelines.stream(named: "orders")
            try await life.send("[{\"n\":1},{\"n\":2}]")
            try await life.pipelines.delete("orders")
            #expect(try await life.numbers().sorted() == [1, 2])
            #expect(stream.refusal(ofBytes: 1)?.code == .pipelineNotFound)
            try await life.crash()
        }
    }

    @Test("over the limit of unflushed bytes records are refused until objects are written")
    func backPressure() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            let log = try SegmentLog(directory: f.directory.streams + "/own")
            let stream = StreamLog(pipelineName: "own", log: log, unflushedBytesMax: 100)
            let record = ByteBuffer(string: "{\"text\":\"\(String(repeating: "x", count: 69))\"}")
            let batch = try IngestBatch.scan(
                record,
                form: .detect,
                source: .http,
                rules: IngestRules(),
                at: f.time.now()
            )
            let group = MultiThreadedEventLoopGroup.singleton
            _ = try await stream.append(batch, by: group)
            #expect(await code { try await stream.append(batch, by: group) } == .tooManyRequests)
            stream.subtract(batch.lineBytes)
            #expect(try await stream.append(batch, by: group).offset == 1)
            log.close()
            try await life.crash()
        }
    }

    @Test("a binding sends all records of a call or none")
    func binding() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let binding = PipelineBinding(pipelines: life.pipelines, pipeline: "orders")
            let records = JSONValue.array([.object(["n": .integer(1)]), .object(["n": .integer(2)])])
            _ = try await binding.call("send", arguments: .array([records]), body: [])
            let mixed = JSONValue.array([.object(["n": .integer(3)]), .integer(4)])
            #expect(
                await code { try await binding.call("send", arguments: .array([mixed]), body: []).value }
                    == .invalidData
            )
            #expect(
                await code { try await binding.call("send", arguments: .array([]), body: []).value } == .invalidArgument
            )
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [1, 2])
            try await life.crash()
        }
    }
}

import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Logging
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("state of older versions")
struct PipelineMigrationTests {
    /// A state directory as version 1 left it: two pipelines, the first with records 0 to 4, of which only 3 is in
    /// no object, and frames without stamps.
    private func writeOldState(_ f: PipelinesFixture) async throws {
        let first = Array(PipelineService.migrations.prefix(1))
        #expect(first.map(\.id) == ["pipelines-1"])
        let database = try Database.open(
            path: f.directory.database,
            migrations: QueueService.migrations + BucketService.migrations + first
        )
        let buckets = BucketService(
            database: database,
            objects: try FileObjectStore(directory: f.directory.objects, disk: PosixDisk()),
            queues: QueueService(database: database, time: f.time, logger: .init(label: "test")),
            time: f.time,
            logger: .init(label: "test")
        )
        _ = try await buckets.create("data")
        let pipelines = """
            INSERT INTO pipelines (id, name, version, bucket, prefix, json_key, compression, batch_bytes, batch_seconds,
                batch_rows, created_at, modified_at, watermark)
            VALUES ('p1', 'orders', 3, 'data', 'raw', '.shop', 'gzip', 1000, 60, 7, 11, 12, 1),
                ('p2', 'plain', 1, 'data', '', NULL, 'none', 10000000, 15, 10000, 13, 13, 0)
            """
        let flushed = "INSERT INTO pipeline_flushed (pipeline_id, key, flushed_to) VALUES ('p1', ?, 5), ('p1', ?, 3)"
        try await database.write { tx in
            _ = try tx.execute(pipelines)
            _ = try tx.execute(flushed, .blob(Array("fast".utf8)), .blob(Array("other".utf8)))
        }
        try database.close()
        let log = try SegmentLog(directory: "\(f.directory.streams)/p1")
        for (number, shop) in ["slow", "fast", "other", "slow", "fast"].enumerated() {
            var payload = ByteBuffer(bytes: [1, IngestSource.http.rawValue])
            payload.writeInteger(f.time.now().milliseconds, endianness: .little)
            let record = "{\"shop\":\"\(shop)\",\"n\":\(number)}"
            payload.writeInteger(UInt32(record.utf8.count), endianness: .little)
            payload.writeString(record)
            _ = try await log.append(payload, recordCount: 1)
        }
        log.close()
    }

    @Test("settings, checkpoints and records of version 1 survive")
    func migrated() async throws {
        try await PipelinesFixture.with { f in
            try await writeOldState(f)
            let life = try await f.start()
            let orders = try life.pipelines.get("orders")
            #expect(orders.record.id == "p1" && orders.record.version == 3)
            #expect(orders.record.createdAt == Timestamp(milliseconds: 11))
            #expect(orders.record.modifiedAt == Timestamp(milliseconds: 12))
            #expect(orders.record.settings.bucket == "data")
            let expected = try PipelineSettings(
                PipelineCreateBody(
                    name: "orders",
                    destinationBucket: "data",
                    settings: .init(
                        batchOnJSONKey: ".shop",
                        prefix: "raw",
                        compression: .gzip,
                        batch: .init(maxBytes: 1_000, maxDurationSeconds: 60, maxRows: 7)
                    )
                )
            )
            #expect(orders.record.settings == expected)
            let plain = try life.pipelines.get("plain").record.settings
            #expect(try plain == PipelineSettings(PipelineCreateBody(name: "plain", destinationBucket: "data")))

            try await life.pipelines.update(
                "orders",
                PipelineUpdateBody(settings: .init(compression: PipelineCompression.none))
            )
            #expect(try life.pipelines.get("orders").progress.flushedOffset == 5)
            let old = try await life.keys()
            #expect(old.count == 1 && old[0].hasPrefix("raw/shop=slow/") && old[0].hasSuffix(".ndjson.gz"))
            let object = try await life.buckets.head(old[0], in: "data")
            #expect(object?.metadata.custom["records"] == "1")
            try await life.send("{\"shop\":\"fast\",\"n\":5}")
            try await life.pipelines.flush("orders")
            #expect(try life.pipelines.get("orders").progress.endOffset == 6)
            #expect(await code { try await life.buckets.delete("data") } != nil)
            try await life.crash()
        }
    }

    @Test("rows that need a pipeline still go with it, and its bucket is still held")
    func foreignKeys() async throws {
        try await PipelinesFixture.with { f in
            try await writeOldState(f)
            let life = try await f.start()
            #expect(await code { try await life.buckets.delete("data") } == .inUse)
            try await life.pipelines.delete("orders", discarding: true)
            try await life.pipelines.delete("plain")
            let rows = try await life.database.read {
                try $0.row("SELECT count(*) FROM pipeline_flushed") { $0.int(0) }
            }
            #expect(rows == 0)
            try await life.buckets.delete("data")
            try await life.crash()
        }
    }
}

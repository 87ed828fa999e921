import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOCore
import Testing

@testable import FlareBuckets

@Suite("Older states of buckets")
struct BucketMigrationTests {
    @Test("objects, inline and in files, and rules of the first schema are kept")
    func fromFirst() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(Identifier.hexadecimal())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("flare.db").path
        let first = QueueService.migrations + Array(BucketService.migrations.prefix(1))
        let old = try Database.open(path: path, migrations: first)
        try await old.write { tx in
            try tx.execute(
                "INSERT INTO buckets VALUES ('data', 'Standard', 5, 2, 50001), ('other', 'Standard', 6, 0, 0)"
            )
            let columns =
                "(bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata, custom_metadata,"
            try tx.execute(
                """
                INSERT INTO objects \(columns) file, inline) VALUES
                ('data', 'small', 'v1', 1, 'e1', 7, 'InfrequentAccess', '{"contentType":"text/plain"}', '{"a":"b"}',
                    NULL, x'78'),
                ('data', 'large', 'v2', 50000, 'e2', 8, 'Standard', '', '', 'v2v2', NULL)
                """
            )
        }
        try old.close()
        let database = try Database.open(path: path, migrations: QueueService.migrations + BucketService.migrations)
        let objects = try FileObjectStore(directory: directory.appendingPathComponent("objects").path)
        try await objects.write("v2v2", .init(repeating: 7, count: 50_000))
        let logger = Logger(label: "test")
        let time = ManualTime()
        let service = BucketService(
            database: database,
            objects: objects,
            queues: QueueService(database: database, time: time, logger: logger),
            time: time,
            logger: logger
        )
        #expect(String(buffer: try await service.bytes("small", in: "data")) == "x")
        let small = try #require(try await service.head("small", in: "data"))
        #expect(small.metadata.http.contentType == "text/plain")
        #expect(small.metadata.custom == ["a": "b"])
        #expect(small.metadata.storageClass == .infrequentAccess)
        #expect((small.version, small.etag, small.uploadedAt) == ("v1", "e1", Timestamp(milliseconds: 7)))
        #expect(small.checksum == nil)
        #expect(small.partCount == nil)
        #expect(try await service.sweeper.collectOrphans() == 0)
        // Counted as new objects are: the bytes, and those of keys and custom metadata.
        let usage = try await service.metrics()
        #expect(usage.standard.published == BucketUsage(objects: 1, payloadSize: 50_000, metadataSize: 5))
        #expect(usage.infrequentAccess.published == BucketUsage(objects: 1, payloadSize: 1, metadataSize: 7))
        #expect(try await service.bytes("large", in: "data").readableBytes == 50_000)
        _ = try await service.copy(from: ObjectSource(bucket: "data", key: "large"), to: "copy", in: "other")
        try await service.delete(["large", "small"], in: "data")
        try await service.delete("data")
        #expect(try await service.bytes("copy", in: "other").readableBytes == 50_000)
        // The rebuilt table keeps its foreign key.
        #expect(
            await code {
                try await database.write { tx in try tx.execute("DELETE FROM buckets WHERE name = 'other'") }
            } == .inUse
        )
        try database.close()
    }
}

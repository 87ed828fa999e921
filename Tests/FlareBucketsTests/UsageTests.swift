import FlareModel
import FlareStore
import NIOCore
import Testing

@testable import FlareBuckets

@Suite("what buckets hold")
struct UsageTests {
    @Test("usage follows each way in which an object comes, changes and goes")
    func counters() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            try await f.service.create("other")
            #expect(try await f.service.metrics() == usage())

            try await f.put("a", "12345")
            let cold = ObjectMetadata(custom: ["k": "vv"], storageClass: .infrequentAccess)
            _ = try await f.service.put("bb", in: "data", bytes: ByteBuffer(string: "123"), metadata: cold)
            #expect(try await f.service.metrics() == usage((1, 5, 1), (1, 3, 5)))

            // Overwritten: in its class, then from one class to the other.
            try await f.put("a", "1")
            #expect(try await f.service.metrics() == usage((1, 1, 1), (1, 3, 5)))
            try await f.put("bb", "1234")
            #expect(try await f.service.metrics() == usage((2, 5, 3), (0, 0, 0)))

            _ = try await f.service.copy(from: ObjectSource(bucket: "data", key: "bb"), to: "ccc", in: "other")
            #expect(try await f.service.metrics() == usage((3, 9, 6), (0, 0, 0)))

            // By a rule of the lifecycle.
            let transition = LifecycleRule.StorageTransition(condition: .init(maxAgeSeconds: 10))
            let rule = LifecycleRule(id: "r", prefix: "bb", storageClass: [transition])
            try await f.service.setLifecycle([rule], of: "data")
            f.time.advance(by: .seconds(100))
            _ = try await f.service.lifecycleSweeper.pass()
            #expect(try await f.service.metrics() == usage((2, 5, 4), (1, 4, 2)))

            try await f.service.delete(["a", "bb", "nothing"], in: "data")
            #expect(try await f.service.metrics() == usage((1, 4, 3), (0, 0, 0)))
            let other = try await f.service.usages(of: "other", limit: 10)
            #expect(other.map(\.usage) == [BucketUsage(objects: 1, payloadSize: 4, metadataSize: 3)])
            #expect(try await f.service.usages(of: "nothing", limit: 10).isEmpty)
            #expect(try await f.service.usages(of: nil, limit: 10).map(\.name) == ["data", "other"])
        }
    }

    @Test("the default class of a bucket is that of whatever is written without one")
    func defaultClass() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            try await f.put("before", "1")
            _ = try await f.service.setStorageClass(.infrequentAccess, of: "data")
            #expect(try await f.service.head("before", in: "data")?.metadata.storageClass == .standard)

            try await f.put("put", "1")
            let asked = ObjectMetadata(storageClass: .standard)
            _ = try await f.service.put("asked", in: "data", bytes: ByteBuffer(string: "1"), metadata: asked)
            let source = ObjectSource(bucket: "data", key: "before")
            _ = try await f.service.copy(from: source, to: "kept", in: "data")
            _ = try await f.service.copy(from: source, to: "replaced", in: "data", metadata: ObjectMetadata())
            let upload = try await f.service.createUpload("upload", in: "data")
            let parts = [CompletedPart(number: 1, etag: try await f.part(1, "1234", upload).etag)]
            _ = try await f.service.completeUpload(upload.id, key: "upload", in: "data", parts: parts)

            let list = try await f.service.list(ObjectListRequest(), in: "data")
            let cold = list.objects.filter { $0.metadata.storageClass == .infrequentAccess }.map(\.key)
            #expect(cold == ["put", "replaced", "upload"])
        }
    }

    @Test("an unfinished upload is told apart from what is visible")
    func uploads() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("key", in: "data")
            let part = try await f.part(1, "1234", upload)
            var metrics = try await f.service.metrics()
            #expect(metrics.standard.published == BucketUsage())
            #expect(metrics.standard.uploaded == BucketUsage(objects: 1, payloadSize: 4, metadataSize: 3))
            let parts = [CompletedPart(number: 1, etag: part.etag)]
            _ = try await f.service.completeUpload(upload.id, key: "key", in: "data", parts: parts)
            metrics = try await f.service.metrics()
            #expect(metrics.standard.published == BucketUsage(objects: 1, payloadSize: 4, metadataSize: 3))
            #expect(metrics.standard.uploaded == BucketUsage())
        }
    }

    @Test("the class of a bucket changes; an unknown bucket has none")
    func storageClass() async throws {
        try await BucketsFixture.with { f in
            let changed = try await f.service.setStorageClass(.infrequentAccess, of: "data")
            #expect(changed.storageClass == .infrequentAccess)
            let read = try await f.service.get("data")
            #expect(read == changed)
            #expect(await code { try await f.service.setStorageClass(.standard, of: "nothing") } == .bucketNotFound)
        }
    }

    private func usage(
        _ standard: (Int, Int, Int) = (0, 0, 0),
        _ cold: (Int, Int, Int) = (0, 0, 0)
    ) -> BucketMetricsBody {
        func published(_ of: (Int, Int, Int)) -> BucketMetricsBody.ClassUsage {
            .init(
                published: BucketUsage(objects: of.0, payloadSize: of.1, metadataSize: of.2),
                uploaded: BucketUsage()
            )
        }
        return BucketMetricsBody(standard: published(standard), infrequentAccess: published(cold))
    }
}

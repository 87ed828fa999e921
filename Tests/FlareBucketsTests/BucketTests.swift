import FlareBuckets
import FlareModel
import FlareStore
import Testing

@Suite("Buckets")
struct BucketTests {
    @Test("a bucket is created once, found and listed")
    func create() async throws {
        try await BucketsFixture.with { f in
            try await f.service.create("logs", storageClass: .infrequentAccess)
            #expect(await code { try await f.service.create("logs") } == .alreadyExists)
            #expect(await code { try await f.service.create("My_Logs") } == .invalidName)
            #expect(try await f.service.list().map(\.name) == ["data", "logs"])
            #expect(try await f.service.list(after: "data").map(\.name) == ["logs"])
            #expect(try await f.service.list(descending: true, limit: 1).map(\.name) == ["logs"])
            #expect(try await f.service.list(containing: "og").map(\.name) == ["logs"])
            #expect(try await f.service.list(containing: "_").isEmpty)
            #expect(try await f.service.get("logs").storageClass == .infrequentAccess)
            let error = await #expect(throws: FlareError.self) { _ = try await f.service.get("log") }
            #expect(error?.code == .bucketNotFound)
            #expect(error?.message.contains("\"logs\"") == true)
        }
    }

    @Test("only an empty bucket is deleted")
    func delete() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a")
            #expect(await code { try await f.service.delete("data") } == .bucketNotEmpty)
            try await f.service.delete(["a"], in: "data")
            try await f.service.delete("data")
            #expect(await code { try await f.service.delete("data") } == .bucketNotFound)
            #expect(await code { try await f.put("a") } == .bucketNotFound)
        }
    }

    @Test("a bucket that is needed is made once")
    func ensure() async throws {
        try await BucketsFixture.with { f in
            for _ in 0..<2 {
                let name = try await f.database.write { try f.service.ensure(named: "made", in: $0).name }
                #expect(name == "made")
            }
            #expect(
                await code { try await f.database.write { try f.service.ensure(named: "NO", in: $0) } } == .invalidName
            )
        }
    }

    @Test("counters follow writes, overwrites and deletions")
    func counters() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a", "12345")
            try await f.put("b", "123")
            try await f.put("a", "1")
            let bucket = try await f.service.get("data")
            #expect(bucket.objectCount == 2)
            #expect(bucket.size == 4)
            try await f.service.delete(["a", "b", "c"], in: "data")
            let empty = try await f.service.get("data")
            #expect(empty.objectCount == 0)
            #expect(empty.size == 0)
        }
    }
}

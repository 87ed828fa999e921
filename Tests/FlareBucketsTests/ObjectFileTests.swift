import FlareBuckets
import FlareModel
import FlareStore
import NIOCore
import ServiceLifecycle
import Testing

@Suite("Files of objects")
struct ObjectFileTests {
    private let large = ByteBuffer(repeating: 7, count: 50_000)

    /// Waits until the store holds this many files.
    private func expectFiles(_ count: Int, _ f: BucketsFixture) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while try await f.objects.listIDs().count != count, ContinuousClock.now < limit { await Task.yield() }
        #expect(try await f.objects.listIDs().count == count)
    }

    @Test("a reader goes on with the version it began with when the object is replaced")
    func readerKeepsVersion() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.service.put("k", in: "data", bytes: large)
            guard case .contents(let contents) = try await f.service.get("k", in: "data") else { return }
            try await f.put("k", "new")
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.objects.listIDs().isEmpty)
            #expect(try await contents.bytes.collect() == large)
            #expect(try await f.text("k") == "new")
        }
    }

    @Test("orphans are collected; files of objects and of staged ones stay")
    func orphans() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.service.put("k", in: "data", bytes: large)
            let staged = try await f.service.stage(large)
            try await f.objects.write(Identifier.hexadecimal(), large)
            #expect(try await f.service.sweeper.collectOrphans() == 1)
            #expect(try await f.objects.listIDs().count == 2)
            let now = f.time.now()
            try await f.database.write { tx in
                try f.service.commit(staged, bucket: "data", key: "staged", at: now, in: tx)
            }
            #expect(try await f.service.sweeper.collectOrphans() == 0)
            #expect(try await f.service.bytes("staged", in: "data") == large)
        }
    }

    @Test("a discarded object leaves no file, and discarding a committed one harms nothing")
    func discard() async throws {
        try await BucketsFixture.with { f in
            await f.service.discard(try await f.service.stage(large))
            #expect(try await f.objects.listIDs().isEmpty)
            let staged = try await f.service.stage(large)
            let now = f.time.now()
            try await f.database.write { try f.service.commit(staged, bucket: "data", key: "k", at: now, in: $0) }
            await f.service.discard(staged)
            #expect(try await f.service.bytes("k", in: "data") == large)
        }
    }

    @Test("the sweeper deletes what a crash has left and the files of replaced and deleted objects")
    func sweeper() async throws {
        try await BucketsFixture.with { f in
            try await f.objects.write(Identifier.hexadecimal(), large)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await f.service.sweeper.run() }
                try await expectFiles(0, f)
                _ = try await f.service.put("a", in: "data", bytes: large)
                _ = try await f.service.put("b", in: "data", bytes: large)
                try await f.put("a", "small now")
                try await expectFiles(1, f)
                try await f.service.delete(["a", "b"], in: "data")
                try await expectFiles(0, f)
                group.cancelAll()
            }
        }
    }

    @Test(
        "nothing is left of an object whose file could not be made durable",
        arguments: [DiskOperation.write, .sync, .rename, .syncDirectory]
    )
    func failedStaging(_ operation: DiskOperation) async throws {
        let disk = FaultyDisk()
        try await BucketsFixture.with(disk: disk) { f in
            _ = try await f.service.put("k", in: "data", bytes: large)
            let used = disk.usedBytes
            disk.fail(operation, number: 5, path: "/objects/")
            await #expect(throws: FlareError.self) { try await f.service.put("l", in: "data", bytes: large) }
            #expect(disk.usedBytes == used)
            disk.heal()
            #expect(try await f.objects.listIDs().count == 1)
            #expect(try await f.service.bytes("k", in: "data") == large)
        }
    }

    @Test("a row whose file is missing is reported as damage")
    func missingFile() async throws {
        try await BucketsFixture.with { f in
            let file = try #require(try await f.service.put("k", in: "data", bytes: large)?.file)
            try await f.objects.delete(file)
            #expect(await code { try await f.service.bytes("k", in: "data") } == .corruptStore)
        }
    }
}

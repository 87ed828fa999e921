import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("Lifecycle rules")
struct LifecycleTests {
    private static let day = 86_400

    private func keys(_ f: BucketsFixture) async throws -> [String] {
        try await f.service.list(ObjectListRequest(), in: "data").objects.map(\.key)
    }

    @Test("objects go when they are old enough, with a message and an event for each, and not before")
    func expiry() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("gone")
            _ = try await f.addRule(queue: "gone", [.objectDelete])
            let sweeper = f.service.lifecycleSweeper
            let rule = LifecycleRule(id: "old logs", prefix: "logs/", deleteObjects: .init(maxAgeSeconds: Self.day))
            try await f.service.setLifecycle([rule], of: "data")
            try await f.put("logs/1")
            try await f.put("kept")
            f.time.advance(by: .seconds(3600))
            try await f.put("logs/2")
            // Whatever there is to do, it is known when.
            let due = f.time.now() + .seconds(Self.day - 3600)
            #expect(try await sweeper.pass() == due)
            f.time.advance(by: .seconds(Self.day - 3601))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["kept", "logs/1", "logs/2"])
            f.time.advance(by: .seconds(1))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["kept", "logs/2"])
            f.time.advance(by: .seconds(3600))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["kept"])
            let messages = try await f.messages("gone")
            #expect(messages.map { $0["action"]?.stringValue } == ["LifecycleDeletion", "LifecycleDeletion"])
            #expect(messages.map { $0["object"] } == ["logs/1", "logs/2"].map { .object(["key": .string($0)]) })
            let events = try await f.service.events(of: "data", after: 0).events
            #expect(events.suffix(2).map(\.action) == [.lifecycleDeletion, .lifecycleDeletion])
            #expect(try await f.service.get("data").objectCount == 1)
        }
    }

    @Test("an object that was written again is young again")
    func rewritten() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            try await f.service.setLifecycle(
                [LifecycleRule(id: "r", deleteObjects: .init(maxAgeSeconds: 100))],
                of: "data"
            )
            try await f.put("a")
            f.time.advance(by: .seconds(99))
            try await f.put("a", "again")
            f.time.advance(by: .seconds(1))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["a"])
            f.time.advance(by: .seconds(99))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == [])
        }
    }

    @Test("a date takes the objects that were there on that day, and leaves later ones")
    func date() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            let date = f.time.now() + .seconds(1000)
            try await f.service.setLifecycle([LifecycleRule(id: "r", deleteObjects: .init(date: date))], of: "data")
            try await f.put("before")
            #expect(try await sweeper.pass() == date)
            #expect(try await keys(f) == ["before"])
            f.time.advance(by: .seconds(1001))
            try await f.put("after")
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["after"])
        }
    }

    @Test("a rule that is switched off, changed or taken away does nothing any more")
    func changes() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            var rule = LifecycleRule(id: "r", deleteObjects: .init(maxAgeSeconds: 10))
            rule.enabled = false
            try await f.service.setLifecycle([rule], of: "data")
            try await f.put("a")
            f.time.advance(by: .seconds(100))
            #expect(try await sweeper.pass() == nil)
            rule.enabled = true
            rule.conditions = .init(prefix: "b")
            try await f.service.setLifecycle([rule], of: "data")
            _ = try await sweeper.pass()
            #expect(try await keys(f) == ["a"])
            // One that is for more objects than before finds those that it has passed by.
            rule.conditions = nil
            try await f.service.setLifecycle([rule], of: "data")
            #expect(try await f.service.lifecycle(of: "data").first?.conditions == .init(prefix: ""))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == [])
            try await f.service.setLifecycle([], of: "data")
            #expect(try await sweeper.pass() == nil)
        }
    }

    @Test("locked objects stay until they are free, and go then")
    func locked() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            try await f.service.setLifecycle(
                [LifecycleRule(id: "r", deleteObjects: .init(maxAgeSeconds: 10))],
                of: "data"
            )
            let lock = LockRule(id: "l", prefix: "held/", condition: .init(maxAgeSeconds: 500))
            try await f.service.setLocks([lock], of: "data")
            let free = f.time.now() + .seconds(500)
            try await f.put("held/a")
            try await f.put("b")
            f.time.advance(by: .seconds(100))
            #expect(try await sweeper.pass().map { $0 <= free } == true)
            #expect(try await keys(f) == ["held/a"])
            f.time.advance(by: .seconds(400))
            _ = try await sweeper.pass()
            #expect(try await keys(f) == [])
        }
    }

    @Test("objects move to the other storage class, which tells nobody")
    func storageClass() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            let move = LifecycleRule.StorageTransition(condition: .init(maxAgeSeconds: 10))
            try await f.service.setLifecycle([LifecycleRule(id: "r", storageClass: [move])], of: "data")
            try await f.put("a")
            f.time.advance(by: .seconds(10))
            _ = try await sweeper.pass()
            #expect(try await f.service.head("a", in: "data")?.metadata.storageClass == .infrequentAccess)
            #expect(try await f.service.events(of: "data", after: 0).events.map(\.action) == [.putObject])
        }
    }

    @Test("uploads that nobody completes are aborted by age")
    func uploads() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            let rule = LifecycleRule(id: "r", prefix: "u/", abortUploads: .init(maxAgeSeconds: 100))
            try await f.service.setLifecycle([rule], of: "data")
            let old = try await f.service.createUpload("u/a", in: "data")
            let other = try await f.service.createUpload("v/a", in: "data")
            f.time.advance(by: .seconds(60))
            let young = try await f.service.createUpload("u/b", in: "data")
            f.time.advance(by: .seconds(40))
            #expect(try await sweeper.pass() == f.time.now() + .seconds(60))
            let open = try await f.service.listUploads(in: "data").uploads.map(\.id)
            #expect(Set(open) == [other.id, young.id])
            #expect(await code { try await f.service.abortUpload(old.id, in: "data") } == .uploadNotFound)
        }
    }

    @Test("more objects than one look takes all go, some at a time")
    func many() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            var all: [StagedObject] = []
            for _ in 0..<2_500 { all.append(try await f.service.stage(ByteBuffer(string: "x"))) }
            try await f.database.write { [all] tx in
                for (number, staged) in all.enumerated() {
                    try f.service.commit(staged, bucket: "data", key: "k\(number)", at: f.time.now(), in: tx)
                }
            }
            try await f.service.setLifecycle(
                [LifecycleRule(id: "r", prefix: "k1", deleteObjects: .init(maxAgeSeconds: 1))],
                of: "data"
            )
            f.time.advance(by: .seconds(2))
            _ = try await sweeper.pass()
            let left = (0..<2_500).filter { !"k\($0)".hasPrefix("k1") }.count
            #expect(try await f.service.get("data").objectCount == left)
        }
    }

    @Test("the sweeper wakes by itself when an object is old enough, and when rules change", .timeLimit(.minutes(5)))
    func service() async throws {
        try await BucketsFixture.with { f in
            let sweeper = f.service.lifecycleSweeper
            try await f.put("a")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await sweeper.run() }
                do {
                    try await f.service.setLifecycle(
                        [LifecycleRule(id: "r", deleteObjects: .init(maxAgeSeconds: 1000))],
                        of: "data"
                    )
                    f.time.advance(by: .seconds(2000))
                    while try await !keys(f).isEmpty { await Task.yield() }
                } catch {
                    Issue.record(error)
                }
                group.cancelAll()
            }
            #expect(try await keys(f) == [])
        }
    }

    @Test(
        "rules that make no sense are refused by name, and the old ones stay",
        arguments: [
            [LifecycleRule(id: "x")],
            [LifecycleRule(id: "x", deleteObjects: .init(maxAgeSeconds: -1))],
            [LifecycleRule(id: "x", abortUploads: .init(date: Timestamp(milliseconds: 0)))],
            [
                LifecycleRule(id: "x", deleteObjects: .init(maxAgeSeconds: 1)),
                LifecycleRule(id: "x", deleteObjects: .init(maxAgeSeconds: 2)),
            ],
            [LifecycleRule(id: "", deleteObjects: .init(maxAgeSeconds: 1))],
            [
                LifecycleRule(
                    id: "x",
                    prefix: String(repeating: "p", count: 2_000),
                    deleteObjects: .init(maxAgeSeconds: 1)
                )
            ],
        ]
    )
    func bad(_ rules: [LifecycleRule]) async throws {
        try await BucketsFixture.with { f in
            let good = [LifecycleRule(id: "good", deleteObjects: .init(maxAgeSeconds: 1))]
            try await f.service.setLifecycle(good, of: "data")
            #expect(await code { try await f.service.setLifecycle(rules, of: "data") } == .invalidArgument)
            #expect(try await f.service.lifecycle(of: "data") == good)
        }
    }
}

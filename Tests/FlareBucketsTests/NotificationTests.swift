import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("Notifications of buckets")
struct NotificationTests {
    @Test("a write sends R2's message in the transaction of the object")
    func create() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("heard")
            _ = try await f.addRule(queue: "heard", prefix: "in/", suffix: ".txt")
            try await f.put("in/a.txt", "hello")
            try await f.put("in/a.png", "hello")
            try await f.put("out/a.txt", "hello")
            let expected = JSONValue.object([
                "account": .string("local"),
                "action": .string("PutObject"),
                "bucket": .string("data"),
                "object": .object([
                    "key": .string("in/a.txt"), "size": .integer(5),
                    "eTag": .string("5d41402abc4b2a76b9719d911017c592"),
                ]),
                "eventTime": .string("2023-11-14T22:13:20.000Z"),
            ])
            #expect(try await f.messages("heard") == [expected])
        }
    }

    @Test("a deletion sends a message without size and etag, and none for a key that is not there")
    func delete() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("gone")
            _ = try await f.addRule(queue: "gone", [.objectDelete])
            try await f.put("a")
            #expect(try await f.service.delete(["a", "b"], in: "data") == ["a"])
            let messages = try await f.messages("gone")
            #expect(messages.count == 1)
            #expect(messages.first?["action"] == .string("DeleteObject"))
            #expect(messages.first?["object"] == .object(["key": .string("a")]))
        }
    }

    @Test("when the transaction of an object fails, neither the object nor its message is there")
    func rollback() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("heard")
            _ = try await f.addRule(queue: "heard")
            let staged = try await f.service.stage(ByteBuffer(string: "x"))
            let code = await code {
                try await f.database.write { tx in
                    try f.service.commit(staged, bucket: "data", key: "a", at: f.time.now(), in: tx)
                    throw FlareError(.internalError, "the rest of the transaction failed")
                }
            }
            #expect(code == .internalError)
            #expect(try await f.service.head("a", in: "data") == nil)
            #expect(try await f.messages("heard").isEmpty)
            #expect(try await f.service.get("data").objectCount == 0)
        }
    }

    @Test("a rule that overlaps another is refused naming both, and nothing is added")
    func overlap() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("first")
            _ = try await f.queues.create("second")
            let first = try await f.addRule(queue: "first", prefix: "a/")
            let error = await #expect(throws: FlareError.self) {
                _ = try await f.addRule(queue: "second", prefix: "a/b/")
            }
            #expect(error?.code == .ruleOverlap)
            #expect(error?.message.contains(first.rules[0].id) == true)
            #expect(error?.message.contains("\"first\"") == true)
            #expect(error?.message.contains("\"second\"") == true)
            let twice = [
                NotificationRule(prefix: "x", actions: [.putObject]), .init(prefix: "xy", actions: [.putObject]),
            ]
            let code = await code {
                try await f.service.addRules(twice.map { NewNotificationRule($0) }, bucket: "data", queue: "second")
            }
            #expect(code == .ruleOverlap)
            #expect(try await f.service.rules(of: "data").map(\.queue.name) == ["first"])
            // Another action for the same keys is no overlap.
            _ = try await f.addRule(queue: "second", prefix: "a/b/", [.objectDelete])
        }
    }

    @Test("a queue that a rule targets cannot be deleted until the rule is gone")
    func queueInUse() async throws {
        try await BucketsFixture.with { f in
            let queue = try await f.queues.create("heard")
            _ = try await f.addRule(queue: "heard")
            #expect(await code { try await f.queues.delete("heard") } == .inUse)
            let targeting = try await f.database.read { try f.service.rulesTargeting(queueID: queue.record.id, in: $0) }
            #expect(targeting.map(\.bucket) == ["data"])
            try await f.service.deleteRules(nil, bucket: "data", queue: "heard")
            try await f.queues.delete("heard")
        }
    }

    @Test("rules are listed, deleted by id, and go with their bucket")
    func lifecycle() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("heard")
            let first = try await f.addRule(queue: "heard", prefix: "a/").rules[0]
            let second = try await f.addRule(queue: "heard", prefix: "b/").rules[0]
            #expect(
                await code { try await f.service.deleteRules(["nope"], bucket: "data", queue: "heard") }
                    == .ruleNotFound
            )
            #expect(try await f.service.deleteRules([first.id], bucket: "data", queue: "heard") == 1)
            #expect(try await f.service.rules(of: "data", queue: "heard").rules == [second])
            #expect(await code { try await f.queues.delete("heard") } == .inUse)
            try await f.service.delete("data")
            try await f.queues.delete("heard")
        }
    }

    @Test("a rule needs a bucket, a queue and an action that exist")
    func bad() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("heard")
            #expect(await code { try await f.addRule(queue: "herd") } == .queueNotFound)
            #expect(await code { try await f.addRule(queue: "heard", []) } == .invalidArgument)
            let rule = NewNotificationRule(NotificationRule(actions: [.putObject]))
            #expect(
                await code { try await f.service.addRules([rule], bucket: "dat", queue: "heard") } == .bucketNotFound
            )
        }
    }
}

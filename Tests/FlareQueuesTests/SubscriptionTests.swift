import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("Event subscriptions")
struct SubscriptionTests {
    private func event(_ name: String, of workflow: String? = nil) -> SubscriptionEvent {
        let payload: [String: JSONValue] = ["instanceId": .string("i")]
        guard let workflow else { return SubscriptionEvent(name, of: .bucket, payload: ["name": .string("b")]) }
        return SubscriptionEvent(name, of: .workflow, subject: workflow, payload: payload)
    }

    private func publish(_ event: SubscriptionEvent, _ f: QueuesFixture) async throws {
        try await f.database.write { try f.service.publish(event, at: f.time.now(), in: $0) }
    }

    private func bodies(_ queue: String, _ f: QueuesFixture) async throws -> [JSONValue] {
        try await f.service.peek(queue, limit: 100).map { try JSONValue(json: $0.body) }
    }

    @Test("a subscriber gets the events that it has named, in Cloudflare's envelope")
    func envelope() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("events")
            let new = NewSubscription(name: "buckets", source: .bucket, events: ["bucket.created"])
            let subscription = try await f.service.subscribe(new, queue: "events")
            try await publish(event("bucket.deleted"), f)
            try await publish(event("instance.queued", of: "w"), f)
            try await publish(event("bucket.created"), f)
            let expected: JSONValue = .object([
                "type": .string("cf.r2.bucket.created"),
                "source": .object(["type": .string("r2")]),
                "payload": .object(["name": .string("b")]),
                "metadata": .object([
                    "accountId": .string("local"), "eventSubscriptionId": .string(subscription.id),
                    "eventSchemaVersion": .integer(1), "eventTimestamp": .string(f.time.now().text),
                ]),
            ])
            #expect(try await bodies("events", f) == [expected])
        }
    }

    @Test("a subscription to one workflow hears of that one only, one without a name of all")
    func subject() async throws {
        try await QueuesFixture.with { f in
            for queue in ["one", "all"] { _ = try await f.service.create(queue) }
            let events = ["instance.started", "instance.queued"]
            let one = NewSubscription(name: "one", source: .workflow, subject: "orders", events: events)
            let kept = try await f.service.subscribe(one, queue: "one")
            // In the order of the documentation, whatever order they came in.
            #expect(kept.events == ["instance.queued", "instance.started"])
            let all = NewSubscription(name: "all", source: .workflow, events: ["instance.started"])
            _ = try await f.service.subscribe(all, queue: "all")
            try await publish(event("instance.started", of: "orders"), f)
            try await publish(event("instance.started", of: "other"), f)
            #expect(try await bodies("one", f).map { $0["source"]?["workflowName"] } == [.string("orders")])
            #expect(
                try await bodies("all", f).map { $0["source"]?["workflowName"] } == [
                    .string("orders"), .string("other"),
                ]
            )
        }
    }

    @Test("whether somebody listens is known through rollbacks, changes, the end of the last one, and a restart")
    func listeners() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("events")
            // Unknown until the rows were looked at.
            #expect(f.service.mayHear(.bucket))
            try await publish(event("bucket.created"), f)
            #expect(!f.service.mayHear(.bucket))
            // One that is not committed: it may be heard needlessly, and the next event finds that out.
            let new = NewSubscription(name: "s", source: .bucket, events: ["bucket.created"])
            #expect(await code { try await f.service.subscribe(new, queue: "missing") } == .queueNotFound)
            try await publish(event("bucket.created"), f)
            #expect(!f.service.mayHear(.bucket))
            let subscription = try await f.service.subscribe(new, queue: "events")
            #expect(f.service.mayHear(.bucket))
            #expect(!f.service.mayHear(.workflow))
            _ = try await f.service.updateSubscription(subscription.id, SubscriptionChange(isEnabled: false))
            #expect(!f.service.mayHear(.bucket))
            try await publish(event("bucket.created"), f)
            #expect(try await bodies("events", f).isEmpty)
            _ = try await f.service.updateSubscription(subscription.id, SubscriptionChange(isEnabled: true))
            try await publish(event("bucket.created"), f)
            #expect(try await bodies("events", f).count == 1)
            // Another service on the same rows, as after a restart.
            let again = f.restarted()
            #expect(again.mayHear(.bucket))
            try await f.database.write { try again.publish(event("bucket.created"), at: f.time.now(), in: $0) }
            #expect(try await bodies("events", f).count == 2)
            try await f.service.unsubscribe(subscription.id)
            #expect(!f.service.mayHear(.bucket))
        }
    }

    @Test("one that is made while the last one ends is heard, in whatever order the commits are told of")
    func race() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("events")
            let new = NewSubscription(name: "s", source: .bucket, events: ["bucket.created"])
            for _ in 0..<50 {
                let old = try await f.service.subscribe(new, queue: "events")
                async let ended = f.service.unsubscribe(old.id)
                async let made = f.service.subscribe(new, queue: "events")
                let next = try await (ended, made).1
                #expect(f.service.mayHear(.bucket))
                try await f.service.unsubscribe(next.id)
            }
        }
    }

    @Test("an event of a transaction that fails is sent to nobody")
    func rollback() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("events")
            let new = NewSubscription(name: "s", source: .bucket, events: ["bucket.created"])
            _ = try await f.service.subscribe(new, queue: "events")
            _ = await code {
                try await f.database.write { tx in
                    try f.service.publish(event("bucket.created"), at: f.time.now(), in: tx)
                    throw FlareError(.internalError, "the rest of the transaction failed")
                }
            }
            #expect(try await bodies("events", f).isEmpty)
        }
    }

    @Test("a queue with a subscription is in use, and one that was ended is not found")
    func life() async throws {
        try await QueuesFixture.with { f in
            for queue in ["events", "other"] { _ = try await f.service.create(queue) }
            let new = NewSubscription(name: "s", source: .worker, events: ["worker.created"])
            let subscription = try await f.service.subscribe(new, queue: "events")
            #expect(await code { try await f.service.delete("events") } == .inUse)
            let moved = try await f.service.updateSubscription(
                subscription.id,
                SubscriptionChange(name: "t", events: ["worker.deleted"], queue: "other")
            )
            #expect(moved.name == "t")
            try await f.service.delete("events")
            #expect(try await f.service.subscriptions(of: "other") == [moved])
            try await f.service.unsubscribe(subscription.id)
            #expect(await code { try await f.service.subscription(subscription.id) } == .subscriptionNotFound)
            #expect(await code { try await f.service.unsubscribe(subscription.id) } == .subscriptionNotFound)
        }
    }

    @Test("a wrong event or source is refused with the nearest one, and one that flare does not run says so")
    func bad() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("events")
            let event = NewSubscription(name: "s", source: .workflow, events: ["instance.complete"])
            let error = await #expect(throws: FlareError.self) { try await f.service.subscribe(event, queue: "events") }
            #expect(error?.message.contains("Did you mean \"instance.completed\"") == true)
            let none = NewSubscription(name: "s", source: .workflow, events: [])
            #expect(await code { try await f.service.subscribe(none, queue: "events") } == .invalidArgument)
            let nameless = NewSubscription(name: "", source: .bucket, events: ["bucket.created"])
            #expect(await code { try await f.service.subscribe(nameless, queue: "events") } == .invalidArgument)
        }
        #expect(try SubscriptionSource.named("r2") == .bucket)
        let near = #expect(throws: FlareError.self) { try SubscriptionSource.named("workflows.workflows") }
        #expect(near?.message.contains("Did you mean \"workflows.workflow\"") == true)
        let missing = #expect(throws: FlareError.self) { try SubscriptionSource.named("images") }
        #expect(missing?.message.contains("does not run") == true)
    }
}

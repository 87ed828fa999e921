import FlareModel
import FlareStore
import Testing

@testable import FlareQueues

@Suite("deliveries that a crash cut off", .timeLimit(.minutes(5)))
struct CrashTests {
    /// Leaves the rows as an engine does that is killed while a push consumer has all messages of a queue.
    private func crash(_ f: QueuesFixture, _ name: String = "orders") async throws {
        let leased = try await f.database.write { [service = f.service] tx in
            let queue = try service.record(named: name, in: tx)
            let consumer = try ConsumerRecord.find(queueID: queue.id, in: tx)
            return try service.lease(queue, consumer, limit: 10, holder: .push, duration: .seconds(60), in: tx)
        }
        #expect(!leased.messages.isEmpty)
    }

    /// Runs `body` while a new engine delivers, to a consumer that acknowledges all it gets.
    private func afterRestart(_ f: QueuesFixture, _ body: (Deliveries) async throws -> Void) async throws {
        let deliveries = Deliveries()
        try await f.delivering(f.restarted()) { _, batch in
            deliveries.put(batch)
            return .resolved(acks: batch.messages.map(\.leaseID), retries: [])
        } _: {
            try await body(deliveries)
        }
    }

    @Test("a message with attempts left is delivered again as its next attempt")
    func again() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop"), deadLetterQueue: "failed") {
                $0.maxWaitMilliseconds = 0
                $0.maxRetries = 1
            }
            try await f.send("a")
            try await crash(f)
            try await afterRestart(f) { deliveries in
                #expect(await deliveries.next().map(\.attempts) == [2])
            }
        }
    }

    @Test("a message is delivered again although its lease could not be released at the start, as on a full disk")
    func releasedLater() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) { $0.maxWaitMilliseconds = 0 }
            try await f.send("a")
            try await crash(f)
            let refusal = "CREATE TRIGGER refuse BEFORE UPDATE ON queue_spans BEGIN SELECT RAISE(ABORT, 'no room'); END"
            try await f.database.write { _ = try $0.execute(refusal) }
            try await afterRestart(f) { deliveries in
                while !f.time.isAwaited(f.time.now() + .seconds(1)) {
                    try Task.checkCancellation()
                    await Task.yield()
                }
                try await f.database.write { _ = try $0.execute("DROP TRIGGER refuse") }
                f.time.advance(by: .seconds(1))
                #expect(await deliveries.next().map(\.attempts) == [2])
            }
        }
    }

    @Test("a message that was on its last attempt is not delivered again, and its dead letter says why")
    func last() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop"), deadLetterQueue: "failed") {
                $0.maxWaitMilliseconds = 0
                $0.maxRetries = 0
            }
            try await f.send("poison", "other")
            try await crash(f)
            try await afterRestart(f) { deliveries in
                try await f.send("healthy")
                #expect(await deliveries.next().map(\.text) == ["healthy"])
            }
            #expect(try await f.bodies().isEmpty)
            #expect(try await f.bodies("failed") == ["poison", "other"])
            #expect(try await f.service.get("orders").counters.died == 2)
            let reason = try await f.service.peek("failed", limit: 1).first?.origin?.reason
            #expect(reason == "the engine died during attempt 1, the last one, before its consumer had answered")
        }
    }

    @Test("dead letters that find no place keep back neither their own queue nor the others")
    func deadLettersWithoutPlace() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop"), deadLetterQueue: "failed") {
                $0.maxWaitMilliseconds = 0
                $0.maxRetries = 0
            }
            try await consumeOthers(f)
            try await f.send("a")
            try await f.send("b", to: "others")
            try await crash(f)
            try await crash(f, "others")
            // A queue that cannot be made.
            try await f.database.write { [service = f.service] tx in
                let queue = try service.record(named: "orders", in: tx)
                var consumer = try #require(try ConsumerRecord.find(queueID: queue.id, in: tx))
                consumer.deadLetterQueue = "No Name"
                try consumer.save(in: tx)
            }
            try await afterRestart(f) { deliveries in
                let delivered = await [deliveries.next(), deliveries.next()].flatMap { $0 }
                #expect(Set(delivered.map(\.text)) == ["a", "b"])
                #expect(delivered.map(\.attempts) == [2, 2])
            }
        }
    }

    @Test("what was with a consumer that is gone waits for the next one, however often it was delivered")
    func consumerGone() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) { $0.maxRetries = 100 }
            try await consumeOthers(f)
            try await f.send("a")
            let attempts = ConsumerSettings().maxRetries + 1
            for attempt in 1...attempts {
                try await crash(f)
                guard attempt < attempts else { break }
                try await f.database.write { [now = f.time.now()] tx in
                    _ = try SpanRecord.releasePushLeases(now: now, counted: true, in: tx)
                }
            }
            try await f.database.write { [service = f.service] tx in
                try service.removeConsumers(ofWorker: "shop", in: tx)
            }
            try await afterRestart(f) { deliveries in
                // Deliveries begin when the leases have been released.
                try await f.send("b", to: "others")
                #expect(await deliveries.next().map(\.text) == ["b"])
            }
            #expect(try await f.bodies(dead: true).isEmpty)
            #expect(try await f.pull().map(\.text) == ["a"])
        }
    }

    private func consumeOthers(_ f: QueuesFixture) async throws {
        _ = try await f.service.create("others")
        var settings = ConsumerSettings()
        settings.maxWaitMilliseconds = 0
        let consumer = NewConsumer(target: .worker("other"), settings: settings)
        _ = try await f.service.createConsumer(consumer, queue: "others")
    }
}

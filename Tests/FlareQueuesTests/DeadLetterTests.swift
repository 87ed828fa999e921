import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("dead letters")
struct DeadLetterTests {
    private func failAttempts(_ count: Int, _ f: QueuesFixture, reason: String = "boom") async throws {
        for _ in 0..<count {
            let retries = try await f.pull().map { Settlement.Retry(leaseID: $0.leaseID, reason: reason) }
            #expect(try await f.service.settle(Settlement(retries: retries), queue: "orders").retried == retries.count)
        }
    }

    @Test("after the last attempt a message goes to the dead letter queue with its origin and reason")
    func moves() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 1 }
            try await f.send("a")
            let id = try await f.service.peek("orders", limit: 1)[0].id
            try await failAttempts(2, f)
            #expect(try await f.bodies().isEmpty)
            let letter = try #require(try await f.service.peek("failed", limit: 1).first)
            #expect(letter.id == id)
            #expect(letter.text == "a")
            #expect(letter.attempts == 0)
            #expect(letter.origin == MessageOrigin(queue: "orders", reason: "boom"))
            #expect(try await f.service.get("orders").counters.died == 1)
            #expect(try await f.service.metrics("failed").backlogCount == 1)
        }
    }

    @Test("of a long reason the beginning is kept")
    func longReason() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 0 }
            try await f.send("a")
            let reason = String(repeating: "boom ", count: 100_000)
            let retries = try await f.pull().map { Settlement.Retry(leaseID: $0.leaseID, reason: reason) }
            _ = try await f.service.settle(Settlement(retries: retries), queue: "orders")
            let kept = try await f.service.peek("failed", limit: 1)[0].origin?.reason
            #expect(kept?.count == 1_000)
            #expect(kept?.hasPrefix("boom boom ") == true)
            let marks = "e" + String(repeating: "\u{301}", count: 5_000)
            try await f.send("b")
            let others = try await f.pull().map { Settlement.Retry(leaseID: $0.leaseID, reason: marks) }
            _ = try await f.service.settle(Settlement(retries: others), queue: "orders")
            #expect(try await f.service.peek("failed", limit: 2)[1].origin?.reason.unicodeScalars.count == 1_000)
        }
    }

    @Test("a dead letter queue that was deleted is created again")
    func recreated() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 0 }
            try await f.service.delete("failed")
            try await f.send("a")
            try await failAttempts(1, f)
            #expect(try await f.bodies("failed") == ["a"])
        }
    }

    @Test("without a dead letter queue a dead message stays, is delivered no more, and can be offered again")
    func kept() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            try await failAttempts(4, f)
            #expect(try await f.pull().isEmpty)
            #expect(try await f.bodies().isEmpty)
            #expect(try await f.bodies(dead: true) == ["a"])
            #expect(try await f.service.peek("orders", limit: 1, dead: true)[0].origin?.reason == "boom")
            #expect(try await f.service.get("orders").counters.dead == 1)
            #expect(try await f.service.redrive("orders").count == 1)
            let again = try await f.pull()
            #expect(again.map(\.attempts) == [1])
            let counters = try await f.service.get("orders").counters
            #expect(counters.dead == 0)
            #expect(counters.waiting == 1)
            #expect(counters.accepted == 1)
        }
    }

    @Test("a message whose lease ran out on its last attempt dies instead of being leased again")
    func abandoned() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 1 }
            try await f.send("a", "b")
            for _ in 1...2 {
                #expect(try await f.pull(visibility: 1_000).count == 2)
                f.time.advance(by: .seconds(1))
            }
            #expect(try await f.pull().isEmpty)
            #expect(try await f.bodies("failed") == ["a", "b"])
            #expect(try await f.service.peek("failed", limit: 1)[0].origin?.reason == "the lease of attempt 2 ran out")
        }
    }

    @Test("a released message does not count as an attempt")
    func released() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            for _ in 1...6 {
                let lease = try await f.pull()[0]
                #expect(lease.attempts == 1)
                let release = Settlement.Release(leaseID: lease.leaseID, delaySeconds: 10)
                #expect(try await f.service.settle(Settlement(releases: [release]), queue: "orders").released == 1)
                #expect(try await f.pull().isEmpty)
                f.time.advance(by: .seconds(10))
            }
        }
    }
}

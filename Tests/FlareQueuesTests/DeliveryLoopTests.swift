import FlareModel
import FlareQueues
import FlareStore
import Synchronization
import Testing

@Suite("delivery to push consumers", .timeLimit(.minutes(5)))
struct DeliveryLoopTests {
    private func acks(_ batch: LeasedBatch) -> DeliveryOutcome {
        .resolved(acks: batch.messages.map(\.leaseID), retries: [])
    }

    @Test("a full batch is delivered at once and acknowledged")
    func full() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) { $0.batchSize = 2 }
            let deliveries = Deliveries()
            try await f.delivering { target, batch in
                #expect(target == .worker("shop"))
                #expect(batch.queueName == "orders")
                deliveries.put(batch)
                return acks(batch)
            } _: {
                try await f.send("a", "b", "c")
                #expect(await deliveries.next().map(\.text) == ["a", "b"])
                // Not full: goes when it has waited five seconds.
                await f.advance(by: .seconds(5))
                #expect(await deliveries.next().map(\.text) == ["c"])
            }
            #expect(try await f.bodies().isEmpty)
            #expect(try await f.service.get("orders").counters.acknowledged == 3)
        }
    }

    @Test("messages that waited for a consumer are delivered when one is set")
    func late() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            let deliveries = Deliveries()
            try await f.delivering { _, batch in
                deliveries.put(batch)
                return acks(batch)
            } _: {
                try await f.consume(by: .workflow("w")) { $0.maxWaitMilliseconds = 0 }
                #expect(await deliveries.next().map(\.text) == ["a"])
            }
        }
    }

    @Test("a failed batch is retried, counted, and dead after its last attempt")
    func failed() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop"), deadLetterQueue: "failed") {
                $0.maxWaitMilliseconds = 0
                $0.maxRetries = 2
            }
            let deliveries = Deliveries()
            try await f.delivering { _, batch in
                deliveries.put(batch)
                return .failed(FlareError(.runFailed, "boom"))
            } _: {
                try await f.send("a")
                for attempt in 1...3 { #expect(await deliveries.next().map(\.attempts) == [attempt]) }
                while try await f.service.get("orders").counters.died < 1 { await Task.yield() }
            }
            #expect(try await f.service.peek("failed", limit: 1)[0].origin?.reason == "boom")
        }
    }

    @Test("failures that are not the messages' fault do not use up attempts")
    func blameless() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) {
                $0.maxWaitMilliseconds = 0
                $0.maxRetries = 0
            }
            let deliveries = Deliveries()
            let failures = Mutex(2)
            try await f.delivering { _, batch in
                let fails = failures.withLock { left in
                    left -= 1
                    return left >= 0
                }
                deliveries.put(batch)
                return fails ? .failed(FlareError(.diskFull, "the disk is full")) : acks(batch)
            } _: {
                try await f.send("a")
                #expect(await deliveries.next().map(\.attempts) == [1])
                await f.advance(by: .seconds(1))
                #expect(await deliveries.next().map(\.attempts) == [1])
                await f.advance(by: .seconds(2))
                #expect(await deliveries.next().map(\.attempts) == [1])
            }
            #expect(try await f.bodies().isEmpty)
        }
    }

    @Test("messages that a consumer neither acknowledges nor retries count as failed")
    func forgotten() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) {
                $0.maxRetries = 0
                $0.batchSize = 2
            }
            let deliveries = Deliveries()
            try await f.delivering { _, batch in
                deliveries.put(batch)
                return .resolved(acks: [batch.messages[0].leaseID], retries: [])
            } _: {
                try await f.send("a", "b")
                _ = await deliveries.next()
            }
            #expect(try await f.bodies(dead: true) == ["b"])
        }
    }

    @Test("leases of a push consumer end with the engine, uncounted; those of pull clients go on")
    func restart() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            _ = try await f.service.create("pulled")
            try await f.send("p", to: "pulled")
            #expect(try await f.pull("pulled").count == 1)
            try await f.consume(by: .worker("shop")) { $0.maxWaitMilliseconds = 0 }
            try await f.send("a")
            let deliveries = Deliveries()
            try await f.delivering { _, batch in
                deliveries.put(batch)
                // Never ends by itself, like a process that is killed with the engine.
                await f.time.sleep(until: f.time.now() + .seconds(3600))
                return .failed(FlareError(.interrupted, "the engine stops"))
            } _: {
                #expect(await deliveries.next().map(\.attempts) == [1])
            }
            try await f.delivering(f.restarted()) { _, batch in
                deliveries.put(batch)
                return acks(batch)
            } _: {
                #expect(await deliveries.next().map(\.attempts) == [1])
            }
            #expect(try await f.pull("pulled").isEmpty)
        }
    }

    @Test("a consumer that is set again gets messages while a batch of the one before is still out")
    func setAgain() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop")) { $0.batchSize = 1 }
            let (deliveries, gate) = (Deliveries(), Wake())
            try await f.delivering { target, batch in
                deliveries.put(batch)
                if target == .worker("shop") { await gate.wait() }
                return acks(batch)
            } _: {
                try await f.send("a")
                #expect(await deliveries.next().map(\.text) == ["a"])
                try await f.service.deleteConsumer(nil, queue: "orders")
                try await f.consume(by: .worker("store")) { $0.batchSize = 1 }
                try await f.send("b")
                #expect(await deliveries.next().map(\.text) == ["b"])
                gate.notify()
                while try await f.service.get("orders").counters.acknowledged < 2 {
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
        }
    }

    @Test("messages past their queue's retention are removed and counted")
    func retention() async throws {
        try await QueuesFixture.with { f in
            var settings = QueueSettings()
            settings.retentionSeconds = 60
            _ = try await f.service.create("orders", settings: settings)
            try await f.send("a", "b")
            let leased = try await f.pull(max: 1, visibility: 3_600_000)
            let start = f.time.now()
            try await f.delivering { _, _ in
                .committed
            } _: {
                f.time.advance(by: .seconds(61))
                while try await f.service.get("orders").counters.expired < 1 { await Task.yield() }
                // The leased one is its holder's until the lease ends, and goes when it is given back.
                #expect(try await f.bodies() == leased.map(\.text))
                while !f.time.isAwaited(start + .seconds(3_600)) {
                    try Task.checkCancellation()
                    await Task.yield()
                }
                let releases = leased.map { Settlement.Release(leaseID: $0.leaseID) }
                _ = try await f.service.settle(Settlement(releases: releases), queue: "orders")
                while try await f.service.get("orders").counters.expired < 2 {
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
            #expect(try await f.bodies() == [])
        }
    }
}

extension QueuesFixture {
    /// Moves the clock once somebody sleeps until then: a loop that has not begun to wait would wait from the new time.
    fileprivate func advance(by duration: Duration) async {
        let deadline = time.now() + duration
        while !time.isAwaited(deadline) { await Task.yield() }
        time.advance(by: duration)
    }
}

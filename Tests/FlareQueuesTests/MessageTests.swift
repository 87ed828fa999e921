import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("messages")
struct MessageTests {
    @Test("messages wait without a consumer, in the order in which they were sent")
    func wait() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a", "b")
            try await f.send("c")
            #expect(try await f.bodies() == ["a", "b", "c"])
            let metrics = try await f.service.metrics("orders")
            #expect(metrics.backlogCount == 3)
            #expect(metrics.backlogBytes == 3)
            #expect(metrics.oldestMessage == f.time.now())
        }
    }

    @Test("a message that is to be sent may have null as its body, but not none")
    func nullBody() throws {
        let request = try FlareJSON.decode(QueuePushRequest.self, from: #"{"body":null}"#.utf8)
        #expect(request.body == .null)
        #expect(try FlareJSON.decode(QueuePushRequest.self, from: "{}".utf8).body == nil)
    }

    @Test("an acknowledged message is gone; others stay")
    func acknowledge() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a", "b")
            let leased = try await f.pull()
            #expect(leased.map(\.attempts) == [1, 1])
            let report = try await f.service.settle(Settlement(acks: [leased[0].leaseID]), queue: "orders")
            #expect(report.acknowledged == 1)
            #expect(try await f.bodies() == ["b"])
            #expect(try await f.service.metrics("orders").backlogCount == 1)
        }
    }

    @Test("a leased message is hidden until its lease runs out, also over a restart")
    func visibility() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            let first = try await f.pull(visibility: 10_000)
            f.time.advance(by: .milliseconds(9_999))
            #expect(try await f.restarted().pull("orders").batch.messages.isEmpty)
            f.time.advance(by: .milliseconds(1))
            let second = try await f.pull()
            #expect(second.map(\.id) == first.map(\.id))
            #expect(second.map(\.attempts) == [2])
        }
    }

    @Test("acknowledging a lease that a newer one replaced is a warning and does nothing")
    func staleLease() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            let old = try await f.pull(visibility: 1_000)[0].leaseID
            f.time.advance(by: .seconds(1))
            let new = try await f.pull()[0].leaseID
            let report = try await f.service.settle(Settlement(acks: [old, "nonsense", "zz-1"]), queue: "orders")
            #expect(report.acknowledged == 0)
            #expect(Set(report.warnings.keys) == [old, "nonsense", "zz-1"])
            #expect(try await f.bodies() == ["a"])
            #expect(try await f.service.settle(Settlement(acks: [new]), queue: "orders").acknowledged == 1)
        }
    }

    @Test("a late acknowledgement counts while nobody else has the message")
    func lateAcknowledgement() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            let lease = try await f.pull(visibility: 1_000)[0].leaseID
            f.time.advance(by: .seconds(60))
            #expect(try await f.service.settle(Settlement(acks: [lease]), queue: "orders").acknowledged == 1)
        }
    }

    @Test("a transaction that acknowledges a stale lease is undone as a whole")
    func staleLeaseInTransaction() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            _ = try await f.service.create("results")
            try await f.send("a")
            let lease = try await f.pull()[0].leaseID
            let work: @Sendable () async throws -> Void = {
                try await f.database.write { tx in
                    let results = try f.service.record(named: "results", in: tx)
                    let message = NewMessage(body: Array("done".utf8), contentType: .text)
                    try f.service.insert([message], into: results.id, at: f.time.now(), in: tx)
                    try f.service.acknowledge([lease], in: tx)
                }
            }
            try await work()
            #expect(await code(work) == .preconditionFailed)
            #expect(try await f.bodies("results") == ["done"])
        }
    }

    @Test("a delayed message is delivered after its delay; 0 overrides the queue's own")
    func delays() async throws {
        try await QueuesFixture.with { f in
            var settings = QueueSettings()
            settings.deliveryDelaySeconds = 30
            _ = try await f.service.create("orders", settings: settings)
            try await f.send("queue's delay")
            try await f.send("none", delaySeconds: 0)
            try await f.send("own", delaySeconds: 60)
            #expect(try await f.pull().map(\.text) == ["none"])
            f.time.advance(by: .seconds(30))
            // The lease of "none", 30 seconds long, has run out at the same moment.
            #expect(Set(try await f.pull(visibility: 3_600_000).map(\.text)) == ["queue's delay", "none"])
            f.time.advance(by: .seconds(30))
            #expect(try await f.pull().map(\.text) == ["own"])
        }
    }

    @Test("bodies, batches and delays over the limits are refused, and nothing of the batch is accepted")
    func limits() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            func send(_ messages: [NewMessage], _ delay: Int? = nil) async -> FlareError.Code? {
                await code { try await f.service.send(messages, to: "orders", delaySeconds: delay) }
            }
            let small = NewMessage(body: [1], contentType: .bytes)
            let large = NewMessage(body: Array(repeating: 1, count: 128_001), contentType: .bytes)
            let largest = NewMessage(body: Array(repeating: 1, count: 128_000), contentType: .bytes)
            #expect(await send([largest]) == nil)
            #expect(await send([small, large]) == .recordTooLarge)
            #expect(await send([largest, largest, small]) == .recordTooLarge)
            #expect(await send(Array(repeating: small, count: 101)) == .invalidArgument)
            #expect(await send([small], 86_401) == .invalidArgument)
            #expect(await send([NewMessage(body: [0xFF], contentType: .text)]) == .invalidData)
            #expect(try await f.service.metrics("orders").backlogCount == 1)
        }
    }

    @Test("a paused queue accepts messages and delivers none")
    func paused() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            _ = try await f.service.update("orders") { $0.deliveryPaused = true }
            try await f.send("a")
            #expect(await code { try await f.pull() } == .deliveryPaused)
            _ = try await f.service.update("orders") { $0.deliveryPaused = false }
            #expect(try await f.pull().count == 1)
        }
    }

    @Test("peek changes neither attempts nor visibility")
    func peek() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            for _ in 1...3 { #expect(try await f.bodies() == ["a"]) }
            #expect(try await f.pull().map(\.attempts) == [1])
        }
    }

    @Test("a peek by filter looks as far as the last message")
    func peekFar() async throws {
        try await QueuesFixture.with { f in
            let queue = try await f.service.create("orders").record
            for round in 0..<6 {
                let messages = (0..<1000).map { number in
                    NewMessage(body: Array("message \(round * 1000 + number)".utf8), contentType: .text)
                }
                try await f.database.write { try f.service.insert(messages, into: queue.id, at: f.time.now(), in: $0) }
            }
            let filter = try MessageConditions(parsing: "body=\"message 5999\"")
            let found = try await f.service.peek("orders", limit: 10, dead: false, after: -1, filter: filter)
            #expect(found.map(\.text) == ["message 5999"])
        }
    }

    @Test("a purge removes what is there, leased and delayed messages too; single ones go by their reference")
    func purge() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a", "b", "c")
            _ = try await f.pull(max: 1)
            try await f.send("later", delaySeconds: 60)
            let reference = try await f.service.peek("orders", limit: 1)[0].sequence
            #expect(try await f.service.remove(["\(reference)", "77"], from: "orders").keys.sorted() == ["77"])
            #expect(try await f.service.purge("orders").removed == 3)
            #expect(try await f.service.lastPurge(of: "orders")?.removed == 3)
            #expect(try await f.service.metrics("orders").backlogCount == 0)
            #expect(try await f.service.metrics("orders").backlogBytes == 0)
        }
    }

    @Test("a waiting pull wakes when a message is sent, and at the moment a delayed one becomes visible")
    func waiting() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let deadline = f.time.now() + .seconds(3600)
            async let sent: Void = f.service.waitForMessages(in: "orders", until: deadline)
            try await f.send("a")
            try await sent
            #expect(try await f.pull(visibility: 5_000).count == 1)
            async let visible: Void = f.service.waitForMessages(in: "orders", until: deadline)
            f.time.advance(by: .seconds(5))
            try await visible
            #expect(try await f.pull().map(\.attempts) == [2])
        }
    }

    @Test("a waiting pull ends with its queue, and tells it by the name that it was given")
    func waitingForNothing() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let deadline = f.time.now() + .seconds(3600)
            async let waiting: Void = f.service.waitForMessages(in: "orders", until: deadline)
            try await f.service.delete("orders")
            do {
                try await waiting
                Issue.record("it ended as if there were a message")
            } catch let error as FlareError {
                #expect(error.code == .queueNotFound)
                #expect(error.message.contains(#""orders""#))
            }
        }
    }
}

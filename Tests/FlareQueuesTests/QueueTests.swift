import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("queues")
struct QueueTests {
    @Test("a queue is found by its name and by its id")
    func find() async throws {
        try await QueuesFixture.with { f in
            let created = try await f.service.create("orders")
            #expect(try await f.service.get("orders").record == created.record)
            #expect(try await f.service.get(created.record.id).record == created.record)
            #expect(created.record.settings.retentionSeconds == 345_600)
        }
    }

    @Test("a lease is bounded by the bytes of its messages, not by their number alone")
    func leaseBytes() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let large = NewMessage(body: Array(repeating: 0x61, count: Limits.messageBytesMax), contentType: .text)
            for _ in 0..<35 { _ = try await f.service.sendBulk([large, large], to: "orders") }
            let most = Limits.leaseBytesMax / Limits.messageBytesMax
            #expect(try await f.pull(max: 100).count == most)
            #expect(try await f.pull(max: 100).count == 70 - most)
        }
    }

    @Test("an unknown queue is refused with the nearest name")
    func unknown() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let error = await #expect(throws: FlareError.self) { try await f.service.get("order") }
            #expect(error?.code == .queueNotFound)
            #expect(error?.message == "queue \"order\" not found. Did you mean \"orders\"?")
        }
    }

    @Test("names that break the rule, names that are taken and settings out of range are refused")
    func refused() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            #expect(await code { try await f.service.create("Orders") } == .invalidName)
            #expect(await code { try await f.service.create("orders") } == .alreadyExists)
            var settings = QueueSettings()
            settings.retentionSeconds = 59
            var refusal = await code { try await f.service.create("a", settings: settings) }
            #expect(refusal == .invalidArgument)
            settings = QueueSettings()
            settings.deliveryDelaySeconds = 86_401
            refusal = await code { try await f.service.create("a", settings: settings) }
            #expect(refusal == .invalidArgument)
        }
    }

    @Test("a queue with a consumer, or one that a bucket sends to, is not deleted")
    func inUse() async throws {
        try await QueuesFixture.with { f in
            let id = try await f.service.create("orders").record.id
            try await f.send("left behind")
            try await f.consume(by: .worker("shop"))
            let error = await #expect(throws: FlareError.self) { try await f.service.delete("orders") }
            #expect(error?.code == .inUse)
            #expect(error?.message == "queue \"orders\" is consumed by Worker \"shop\"")
            try await f.service.deleteConsumer(nil, queue: "orders")
            try await f.database.write { tx in
                try f.service.addProducer(.bucket, named: "data", queueID: id, in: tx)
            }
            #expect(await code { try await f.service.delete("orders") } == .inUse)
            try await f.database.write { try f.service.removeProducers(.bucket, named: "data", in: $0) }
            #expect(try await f.bodies() == ["left behind"])
            // More than one step removes, and what another queue holds.
            for round in 0..<11 {
                let messages = (0..<100).map { index in
                    NewMessage(body: [1], contentType: .bytes, delaySeconds: round * 100 + index)
                }
                _ = try await f.service.send(messages, to: "orders")
            }
            _ = try await f.service.create("others")
            try await f.send("kept", to: "others")
            try await f.service.delete("orders")
            #expect(try await f.bodies("others") == ["kept"])
            #expect(await code { try await f.service.get("orders") } == .queueNotFound)
        }
    }

    @Test("a queue has one consumer; the same one may be set again, another may not")
    func oneConsumer() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .worker("shop"))
            #expect(await code { try await f.consume(by: .httpPull) } == .alreadyExists)
            var settings = ConsumerSettings()
            settings.batchSize = 7
            let again = NewConsumer(target: .worker("shop"), settings: settings)
            try await f.database.write { tx in
                try f.service.setConsumer(again, queue: "orders", in: tx)
                #expect(throws: FlareError.self) {
                    try f.service.setConsumer(NewConsumer(target: .workflow("w")), queue: "orders", in: tx)
                }
            }
            #expect(try await f.service.get("orders").consumer?.settings.batchSize == 7)
            try await f.database.write { try f.service.removeConsumers(ofWorker: "shop", in: $0) }
            #expect(try await f.service.get("orders").consumer == nil)
        }
    }

    @Test("the dead letter queue of a consumer is created, and keeps its place when it is renamed")
    func deadLetterQueue() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            #expect(await code { try await f.consume(by: .httpPull, deadLetterQueue: "orders") } == .invalidArgument)
            try await f.consume(by: .httpPull, deadLetterQueue: "failed")
            _ = try await f.service.update("failed", name: "broken") { _ in }
            #expect(try await f.service.get("orders").consumer?.deadLetterQueue == "broken")
            // What dies in it would be sent to it again, for ever.
            try await f.service.delete("broken")
            #expect(
                await code { try await f.service.update("orders", name: "broken") { _ in }.record } == .invalidArgument
            )
        }
    }
}

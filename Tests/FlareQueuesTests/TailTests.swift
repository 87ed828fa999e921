import FlareModel
import FlareStore
import Testing

@testable import FlareQueues

@Suite("tail", .timeLimit(.minutes(5)))
struct TailTests {
    /// Follows a queue and hands what it sees to `body` as a stream; ends with it.
    private func tailing(
        _ f: QueuesFixture,
        from start: TailStart,
        _ body: (inout AsyncStream<StoredMessage>.Iterator) async throws -> Void
    ) async throws {
        let (stream, continuation) = AsyncStream<StoredMessage>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await f.service.tail("orders", from: start, follows: true) { continuation.yield($0) }
            }
            var iterator = stream.makeAsyncIterator()
            try await body(&iterator)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("it shows what is there and then what is sent, even when a consumer takes it at once")
    func follows() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a", "b")
            try await tailing(f, from: .oldest) { messages in
                #expect(await messages.next()?.text == "a")
                #expect(await messages.next()?.text == "b")
                for body in ["c", "d"] {
                    try await f.send(body)
                    for message in try await f.pull() {
                        _ = try await f.service.settle(Settlement(acks: [message.leaseID]), queue: "orders")
                    }
                }
                #expect(await messages.next()?.text == "c")
                #expect(await messages.next()?.text == "d")
            }
        }
    }

    @Test("it goes on after a cursor, without showing anything twice")
    func cursor() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a", "b", "c")
            let first = try await f.service.peek("orders", limit: 1)[0]
            try await tailing(f, from: .after(first.sequence)) { messages in
                #expect(await messages.next()?.text == "b")
                #expect(await messages.next()?.text == "c")
                try await f.send("d")
                #expect(await messages.next()?.text == "d")
            }
            #expect(try await f.pull().map(\.attempts) == [1, 1, 1, 1])
        }
    }

    @Test("it ends with its queue, after all that was sent")
    func deleted() async throws {
        try await QueuesFixture.with { f in
            let queue = try await f.service.create("orders")
            let (stream, continuation) = AsyncStream<StoredMessage>.makeStream()
            async let tail: Void = f.service.tail("orders", from: .oldest, follows: true) { continuation.yield($0) }
            var messages = stream.makeAsyncIterator()
            try await f.send("a")
            #expect(await messages.next()?.text == "a")
            try await f.service.delete("orders")
            try await tail
            #expect(!f.service.activity.knownQueues.contains(queue.record.id))
        }
    }
}

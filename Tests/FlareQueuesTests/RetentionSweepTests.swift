import FlareModel
import FlareQueues
import FlareStore
import FlareTestSupport
import Testing

@Suite("the sweep of messages past their retention", .timeLimit(.minutes(1)))
struct RetentionSweepTests {
    @Test("a message that comes while the sweep looks at other queues is removed in its time")
    func sentMeanwhile() async throws {
        try await QueuesFixture.with { f in
            var settings = QueueSettings()
            settings.retentionSeconds = 60
            for name in ["alpha", "beta"] { _ = try await f.service.create(name, settings: settings) }
            try await f.send("old", to: "beta")
            let start = f.time.now()
            try await f.delivering { _, _ in
                .committed
            } _: {
                try await turns { f.time.isAwaited(start + .seconds(60)) }
                let writer = await BlockedWriter(of: f.database)
                async let sent: Void = f.send("new", to: "alpha")
                try await turns { f.database.waitingWrites == 1 }
                // The sweep sees nothing in the first queue, and is told to remove what lies in the second one.
                f.time.advance(by: .seconds(60))
                try await turns { f.database.waitingWrites == 2 }
                writer.free()
                try await sent
                try await turns { f.time.isAwaited(start + .seconds(120)) }
                f.time.advance(by: .seconds(60))
                try await turns { try await f.service.get("alpha").counters.expired == 1 }
            }
        }
    }

    /// Gives other tasks their turn until a condition holds, or the time of the suite is over.
    private func turns(until condition: () async throws -> Bool) async throws {
        while try await !condition() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

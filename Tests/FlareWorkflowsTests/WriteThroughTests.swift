import FlareModel
import FlareStore
import FlareTestSupport
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

/// Steps that begin with a permit while somebody is about to end their run.
@Suite("Steps that begin while their run is ended", .timeLimit(.minutes(5)))
struct WriteThroughTests {
    private typealias Begin = @Sendable () -> Void

    /// Code that has a permit and uses it when `body` says so.
    private func run(_ body: (Harness, WorkflowService, _ begin: @escaping Begin) async throws -> Void) async throws {
        let harness = try Harness()
        let began = Wake()
        let handler = Mutex<Invocation.CallHandler?>(nil)
        let service = harness.service(invoke: { invocation in
            handler.withLock { $0 = invocation.onCall }
            began.notify()
            await Wake().wait()
            throw CancellationError()
        })
        try await harness.run(service) { service in
            await began.wait()
            let step: [String: JSONValue] = ["name": .string("first"), "n": .integer(1)]
            try await body(harness, service) {
                handler.withLock { $0 }?(RunnerCall(method: "step.began", arguments: .object(step))) { _ in }
            }
        }
    }

    private static func life(_ service: WorkflowService) throws -> Life {
        try #require(service.lives.find(RunKey(instance: 1, run: 1)))
    }

    @Test("such a step is written at once, not some time later")
    func atOnce() async throws {
        try await run { harness, service, begin in
            try await Self.life(service).writeThrough()
            begin()
            // The clock stands still.
            try await harness.until(service) { $0.steps.map(\.name) == ["first-1"] }
        }
    }

    @Test("a step that begins while the end of its run waits for the database is kept in it", arguments: [true, false])
    func atTheEnd(isRestart: Bool) async throws {
        try await run { harness, service, begin in
            let life = try Self.life(service)
            let writer = await BlockedWriter(of: harness.database)
            async let ended = Self.end(service, isRestart)
            while !life.state.withLock({ $0.isWritingThrough }) { await Task.yield() }
            begin()
            writer.free()
            try await ended
            let attempts = try await harness.database.read { transaction in
                try transaction.rows(
                    """
                    SELECT s.run, s.name, a.outcome FROM workflow_steps s JOIN workflow_attempts a ON a.step = s.seq
                    """,
                    decode: { "\($0.int(0)) \($0.text(1)) \($0.text(2))" }
                )
            }
            #expect(attempts == ["1 first interrupted"])
        }
    }

    private static func end(_ service: WorkflowService, _ isRestart: Bool) async throws {
        if isRestart {
            _ = try await service.restart("one", of: "flow", from: nil)
        } else {
            _ = try await service.terminate("one", of: "flow")
        }
    }
}

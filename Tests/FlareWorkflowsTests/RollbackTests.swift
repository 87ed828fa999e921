import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@Suite("Rolling back", .timeLimit(.minutes(5)))
struct RollbackTests {
    static let undoable = JSONValue.object(["rollback": .bool(true)])

    /// Two steps that can be undone and one that cannot; then it throws.
    static func saga(_ undo: @escaping @Sendable (String, Int) async throws -> Void) -> Harness.Code {
        { step in
            if step.isUndoing { return try await step.undo(undo) }
            _ = try await step.run("debit", config: undoable) { _ in "1" }
            _ = try await step.run("note") { _ in "2" }
            _ = try await step.run("credit", config: undoable) { _ in "3" }
            throw JavaScriptError.thrown("the bank is closed").flareError
        }
    }

    @Test("what a failed run did is undone, the last step first, and then it is errored with its own error")
    func afterAThrow() async throws {
        let harness = try Harness()
        let undone = Mutex<[String]>([])
        let service = harness.service(Self.saga { label, _ in undone.withLock { $0.append(label) } })
        try await harness.run(service) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.message == "the bank is closed")
            #expect(undone.withLock { $0 } == ["credit-1", "debit-1"])
            let rollbacks = end.steps.filter { $0.type == "rollback" }
            #expect(rollbacks.map(\.name) == ["credit-1", "debit-1"])
            #expect(rollbacks.allSatisfy { $0.success == true && $0.attempts?.count == 1 })
            let log = try await harness.lines(service).filter { $0.hasPrefix("rollback") }
            let one = [
                "rollback_step_started", "rollback_attempt_started", "rollback_attempt_completed",
                "rollback_step_completed",
            ]
            #expect(log == ["rollback_started"] + one + one + ["rollback_completed"])
        }
    }

    @Test("a handler has retries of its own, and the first that fails for good ends the undoing")
    func failingHandler() async throws {
        let harness = try Harness()
        let undone = Mutex<[String]>([])
        let config = JSONValue.object(["retries": .object(["limit": .integer(1), "delayMs": .integer(10)])])
        let service = harness.service { step in
            if step.isUndoing {
                return try await step.undo(config: config) { label, attempt in
                    undone.withLock { $0.append("\(label) \(attempt)") }
                    throw JavaScriptError.thrown("no way back")
                }
            }
            return try await Self.saga { _, _ in }(step)
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(10)) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.message == "the bank is closed")
            #expect(undone.withLock { $0 } == ["credit-1 1", "credit-1 2"])
            #expect(try await harness.lines(service).suffix(2) == ["rollback_failed", "workflow_errored"])
        }
    }

    @Test("an engine that dies while it undoes goes on with the handlers that are left")
    func crash() async throws {
        let harness = try Harness()
        let undone = Mutex<[String]>([])
        let isStuck = Mutex(true)
        let code = Self.saga { label, attempt in
            undone.withLock { $0.append("\(label) \(attempt)") }
            if label == "debit-1", isStuck.withLock({ $0 }) { await Wake().wait() }
            try Task.checkCancellation()
        }
        try await harness.run(harness.service(code)) { service in
            try await harness.until(service) { _ in undone.withLock { $0.count } == 2 }
            #expect(try await service.detail("one", of: "flow").status == .rollingBack)
        }
        isStuck.withLock { $0 = false }
        try await harness.loop(harness.service(code)) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(undone.withLock { $0 } == ["credit-1 1", "debit-1 1", "debit-1 2"])
        }
    }

    @Test("terminating with rollback undoes also the step that runs, and ends terminated")
    func terminated() async throws {
        let harness = try Harness()
        let undone = Mutex<[String]>([])
        let begun = Wake()
        let service = harness.service { step in
            if step.isUndoing { return try await step.undo { label, _ in undone.withLock { $0.append(label) } } }
            _ = try await step.run("debit", config: Self.undoable) { _ in "1" }
            return try await step.run("credit", config: Self.undoable) { _ in
                begun.notify()
                await Wake().wait()
                try Task.checkCancellation()
                return "2"
            }
        }
        try await harness.run(service) { service in
            // At once, before the begin of the attempt is written by itself.
            await begun.wait()
            #expect(try await service.terminate("one", of: "flow", rollback: true).status == .rollingBack)
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .terminated)
            #expect(end.error == nil)
            #expect(undone.withLock { $0 } == ["credit-1", "debit-1"])
            #expect(end.steps.first { $0.name == "credit-1" }?.attempts?.first?.error?.name == "Interrupted")
            #expect(try await harness.lines(service).suffix(2) == ["rollback_completed", "workflow_terminated"])
        }
    }

    @Test("nothing to undo is no rollback; a paused instance can be undone; steps cannot begin meanwhile")
    func otherStates() async throws {
        let harness = try Harness()
        let refusal = Mutex<String?>(nil)
        let service = harness.service { step in
            if step.isUndoing {
                let late: [String: JSONValue] = ["name": .string("late"), "n": .integer(1), "kind": .string("do")]
                if case .failure(let error) = try await step.raw("step.begin", late) {
                    refusal.withLock { $0 = error.message }
                }
                return try await step.undo { _, _ in }
            }
            if step.payload == "1" { _ = try await step.run("debit", config: Self.undoable) { _ in "1" } }
            return try await step.wait("sign", type: "go", milliseconds: 3_600_000)
        }
        try await harness.run(service, params: "0") { service in
            try await harness.until(service) { $0.steps.count == 1 }
            #expect(try await service.terminate("one", of: "flow", rollback: true).status == .terminated)
            let two = NewInstance(id: "two", params: Array("1".utf8), trigger: .api)
            _ = try await service.create(two, of: "flow")
            try await harness.until(service, "two", advance: .milliseconds(50)) { $0.status == .waiting }
            _ = try await service.pause("two", of: "flow")
            #expect(try await service.terminate("two", of: "flow", rollback: true).status == .rollingBack)
            #expect(try await harness.until(service, "two") { $0.status.isFinal }.status == .terminated)
            #expect(
                refusal.withLock { $0 } == "the instance rolls back what it has done, and no step can begin any more"
            )
        }
    }
}

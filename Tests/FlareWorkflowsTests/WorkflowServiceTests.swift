import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@Suite("Workflow instances", .timeLimit(.minutes(5)))
struct WorkflowServiceTests {
    @Test("an instance runs its steps, keeps their results and ends complete")
    func completes() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let first = try await step.run("first") { _ in "\"a\"" }
            return try await step.run("second") { _ in "[\(first),\(step.payload)]" }
        }
        try await harness.run(service, params: #"{"n":1}"#) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .complete)
            #expect(end.output == .array([.string("a"), .object(["n": .integer(1)])]))
            #expect(end.params == .object(["n": .integer(1)]))
            #expect(end.steps.map(\.name) == ["first-1", "second-1"])
            #expect(end.steps.allSatisfy { $0.success == true && $0.attempts?.count == 1 })
            let log = try await lines(service)
            #expect(
                log == [
                    "workflow_queued", "workflow_running", "step_started", "attempt_started", "attempt_completed",
                    "step_completed", "step_started", "attempt_started", "attempt_completed", "step_completed",
                    "workflow_completed",
                ]
            )
        }
    }

    @Test("a step that fails twice is tried again after its back-off and then succeeds")
    func retries() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.run("flaky") { attempt in
                if attempt < 3 { throw JavaScriptError.thrown("not yet") }
                return "\"attempt \(attempt)\""
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(100)) { $0.status.isFinal }
            #expect(end.output == .string("attempt 3"))
            let attempts = try #require(end.steps.first?.attempts)
            #expect(attempts.map(\.success) == [false, false, true])
            #expect(attempts.map { $0.error?.message } == ["not yet", "not yet", nil])
            for (index, delay) in [Int64(1_000), 2_000].enumerated() {
                let ended = try #require(attempts[index].end)
                #expect((attempts[index + 1].start - ended).milliseconds >= delay)
            }
        }
    }

    @Test("a run whose step uses up its retries is errored with the step's error")
    func exhausted() async throws {
        let harness = try Harness()
        let config = JSONValue.object(["retries": .object(["limit": .integer(1), "delayMs": .integer(10)])])
        let service = harness.service { step in
            do {
                return try await step.run("broken", config: config) { _ in throw JavaScriptError.thrown("no luck") }
            } catch let error as JavaScriptError {
                throw error.flareError
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(10)) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.message == "no luck")
            #expect(end.success == false)
            #expect(end.steps.first?.attempts?.count == 2)
            #expect(end.steps.first?.success == false)
        }
    }

    @Test("after a stop, finished steps do not run again and the open attempt is marked as interrupted")
    func resumes() async throws {
        let harness = try Harness()
        let runs = Mutex<[String]>([])
        let isStuck = Mutex(true)
        let code: Harness.Code = { step in
            let first = try await step.run("first") { attempt in
                runs.withLock { $0.append("first \(attempt)") }
                return "1"
            }
            return try await step.run("second") { attempt in
                runs.withLock { $0.append("second \(attempt)") }
                if isStuck.withLock({ $0 }) { try await Self.cancellation() }
                return "[\(first),2]"
            }
        }
        try await harness.run(harness.service(code)) { service in
            try await harness.until(service) { _ in runs.withLock { $0.last == "second 1" } }
        }
        isStuck.withLock { $0 = false }
        try await harness.loop(harness.service(code)) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.output == .array([.integer(1), .integer(2)]))
            #expect(runs.withLock { $0 } == ["first 1", "second 1", "second 2"])
            let attempts = try #require(end.steps.last?.attempts)
            #expect(attempts.map(\.success) == [false, true])
            #expect(attempts.first?.error?.name == "Interrupted")
        }
    }

    @Test("a failure that was caught is caught again after a restart, and its step does not run again")
    func failuresAreKept() async throws {
        let harness = try Harness()
        let runs = Mutex(0)
        let code: Harness.Code = { step in
            var caught = ""
            do {
                _ = try await step.run("fatal") { _ in
                    runs.withLock { $0 += 1 }
                    throw JavaScriptError(name: "NonRetryableError", message: "never", isNonRetryable: true)
                }
            } catch let error as JavaScriptError {
                caught = "\(error.name): \(error.message) \(error.isNonRetryable)"
            }
            try await step.sleep("night", milliseconds: 3_600_000)
            return "\"\(caught)\""
        }
        try await harness.run(harness.service(code)) { service in
            try await harness.until(service, advance: .milliseconds(100)) { $0.status == .waiting }
        }
        try await harness.loop(harness.service(code)) { service in
            let end = try await harness.until(service, advance: .seconds(600)) { $0.status.isFinal }
            #expect(end.output == .string("NonRetryableError: never true"))
            #expect(runs.withLock { $0 } == 1)
        }
    }

    @Test("a long sleep gives its place away and is slept once")
    func sleeps() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.sleep("night", milliseconds: 3_600_000)
            return "\"morning\""
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 1 }
            let began = harness.time.now()
            let aside = try await harness.until(service, advance: .milliseconds(50)) { $0.status == .waiting }
            #expect(aside.resumesAt == began + .seconds(3_600))
            #expect(aside.steps.first?.finished == false)
            let end = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(end.output == .string("morning"))
            #expect(end.steps.map(\.finished) == [true])
            #expect(harness.invocations.withLock { $0.count } == 2)
            let ended = try #require(end.end)
            #expect(ended - began >= .seconds(3_600))
        }
    }

    @Test("a short sleep is sat out by the running code")
    func shortSleep() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.sleep("moment", milliseconds: 2_000)
            return "1"
        }
        try await harness.run(service) { service in
            try await harness.until(service, advance: .milliseconds(50)) { $0.status == .complete }
            #expect(harness.invocations.withLock { $0.count } == 1)
        }
    }

    @Test("an attempt that hangs past its time-out is ended, and its late result is ignored")
    func hangs() async throws {
        let harness = try Harness()
        let late = Mutex<Invocation.CallHandler?>(nil)
        let config = JSONValue.object(["timeoutMs": .integer(10_000)])
        let service = harness.service { step in
            try await step.run("slow", config: config) { attempt in
                if attempt == 1 {
                    late.withLock { $0 = step.invocation.onCall }
                    try await Self.cancellation()
                }
                return "\"attempt \(attempt)\""
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(100)) { $0.status.isFinal }
            #expect(end.output == .string("attempt 2"))
            #expect(end.steps.first?.attempts?.first?.error?.name == "WorkflowTimeoutError")
            let arguments: [String: JSONValue] = [
                "name": .string("slow"), "n": .integer(1), "attempt": .integer(1), "ok": .bool(true),
            ]
            let call = RunnerCall(method: "step.end", arguments: .object(arguments), body: Array("\"late\"".utf8))
            let onCall = try #require(late.withLock { $0 })
            guard case .failure = try await ask(onCall, call) else {
                Issue.record("a late result must be refused")
                return
            }
            let after = try await service.detail("one", of: "flow")
            #expect(after.steps.first?.output == .string("attempt 2"))
        }
    }

    @Test("an instance whose process keeps dying is given up with a clear error")
    func crashLoop() async throws {
        let harness = try Harness()
        let service = harness.service(invoke: { _ in throw FlareError(.engineUnavailable, "the process died") })
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(100)) { $0.status.isFinal }
            #expect(end.status == .errored)
            let message = try #require(end.error?.message)
            #expect(message.contains("lost 6 times in a row"))
            #expect(message.contains("the process died"))
            #expect(harness.invocations.withLock { $0.count } == Limits.workflowLossesMax)
        }
    }

    @Test("an instance whose Worker is gone is errored at once and says so")
    func workerGone() async throws {
        let harness = try Harness()
        let service = harness.service(invoke: { _ in throw FlareError(.workerNotFound, "Worker \"worker\" not found") })
        try await harness.run(service) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.message == "Worker \"worker\" not found")
        }
    }

    /// Stands still until the code is told to go.
    private static func cancellation() async throws {
        await Wake().wait()
        try Task.checkCancellation()
    }

    private func lines(_ service: WorkflowService) async throws -> [String] {
        let types = Mutex<[String]>([])
        try await service.logs(of: "one", "flow", after: 0, follows: true) { lines in
            types.withLock { $0 += lines.map(\.type) }
        }
        return types.withLock { $0 }
    }
}

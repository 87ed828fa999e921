import FlareModel
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

/// What an instance makes of a process that was taken down: by its own code, or by that of another invocation.
@Suite struct WorkflowFaultTests {
    private static let fault = JavaScriptError(name: WorkerFault.processorLimitName, message: "exceeded the CPU limit")

    @Test func `an attempt that took its process down has failed, and the step's own retries decide`() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let retries: JSONValue = .object(["limit": .integer(1), "delayMs": .integer(1_000)])
            do {
                return try await step.run("loop", config: .object(["retries": retries])) { attempt in
                    let step = StepAttempt(step: .init(name: "loop", occurrence: 1), attempt: attempt)
                    throw Self.lost(WorkerFault(error: Self.fault, attempt: step))
                }
            } catch let error as JavaScriptError {
                throw error.flareError
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(100)) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.name == WorkerFault.processorLimitName)
            #expect(end.error?.message == "exceeded the CPU limit")
            #expect(end.steps.first?.attempts?.count == 2)
        }
    }

    @Test func `code outside of steps that never returns to the event loop ends the run at once`() async throws {
        let harness = try Harness()
        let service = harness.service(invoke: { _ in throw Self.lost(WorkerFault(error: Self.fault)) })
        try await harness.run(service) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .errored)
            #expect(end.error?.message == "exceeded the CPU limit")
            #expect(harness.invocations.withLock { $0.count } == 1)
        }
    }

    @Test func `a bystander goes on as often as it takes, with no attempt counted`() async throws {
        let harness = try Harness()
        let losses = Limits.workflowLossesMax * 2
        let service = harness.service { step in
            try await step.run("work", config: .object(["retries": .object(["limit": .integer(0)])])) { attempt in
                guard attempt <= losses else { return "\"done\"" }
                throw FlareError(.engineUnavailable, "another invocation looped", cause: BystanderLost())
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .complete)
            #expect(harness.invocations.withLock { $0.count } == losses + 1)
        }
    }

    private static func lost(_ fault: WorkerFault) -> FlareError {
        FlareError(.deadlineExceeded, fault.error.message, cause: fault)
    }
}

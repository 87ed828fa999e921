import FlareModel
import FlareStore
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

@Suite("The places of runs", .timeLimit(.minutes(1)))
struct LivesTests {
    private static let most = Limits.workflowInvocationsMax

    @Test("a place that becomes free while the loop looks for runs is not forgotten", arguments: [1, 16])
    func freedMeanwhile(count: Int) async throws {
        let time = ManualTime()
        let deadlines = Deadlines(time: time)
        let lives = Lives(deadlines: deadlines, time: time)
        lives.takePlaces(Self.most - 1, of: Self.most)
        _ = lives.work()
        let free = lives.freePlaces
        for _ in 0..<count { lives.freePlace() }
        // More runs are due than the loop had places for.
        lives.takePlaces(free, of: free)
        #expect(lives.freePlaces == count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await deadlines.run() }
            // Many places are given at once, few after a little while.
            let soon = time.now() + .milliseconds(Limits.workflowClaimMilliseconds)
            while count < Limits.workflowClaimMin, !time.isAwaited(soon) {
                try Task.checkCancellation()
                await Task.yield()
            }
            time.advance(by: .milliseconds(Limits.workflowClaimMilliseconds))
            await lives.wait()
            #expect(lives.work().mustLook)
            group.cancelAll()
        }
    }

    @Test("code that still asks for a step when its run was put aside takes no place for ever")
    func lateCall() async throws {
        let harness = try Harness()
        let handler = Mutex<Invocation.CallHandler?>(nil)
        let service = harness.service(invoke: { invocation in
            handler.withLock { $0 = invocation.onCall }
            let wait: [String: JSONValue] = [
                "name": .string("sign"), "n": .integer(1), "type": .string("go"), "timeoutMs": .integer(3_600_000),
            ]
            invocation.onCall?(RunnerCall(method: "step.passed", arguments: .object([:]))) { _ in }
            invocation.onCall?(RunnerCall(method: "step.wait", arguments: .object(wait))) { _ in }
            await Wake().wait()
            throw CancellationError()
        })
        try await harness.run(service) { service in
            try await harness.until(service, advance: .milliseconds(100)) { $0.status == .waiting }
        }
        let late: [String: JSONValue] = ["name": .string("late"), "n": .integer(1), "config": .object([:])]
        let call = try #require(handler.withLock { $0 })
        call(RunnerCall(method: "step.begin", arguments: .object(late))) { _ in }
        #expect(service.lives.freePlaces == Self.most)
    }

    @Test("an attempt that hangs is ended in its time, after one that might have lasted longer")
    func hangsAfterLonger() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let hour = JSONValue.object(["timeoutMs": .integer(3_600_000)])
            _ = try await step.run("long", config: hour) { _ in "1" }
            let short = JSONValue.object([
                "timeoutMs": .integer(10_000), "retries": .object(["limit": .integer(0), "delayMs": .integer(1)]),
            ])
            return try await step.run("short", config: short) { _ in
                await Wake().wait()
                throw CancellationError()
            }
        }
        try await harness.run(service) { service in
            try await harness.until(service, advance: .milliseconds(10)) { $0.steps.count == 2 }
            harness.time.advance(by: .milliseconds(10_000 + Limits.workflowTimeoutGraceMilliseconds))
            try await harness.until(service, advance: .milliseconds(1)) {
                $0.steps.last?.attempts?.first?.success == false
            }
        }
    }
}

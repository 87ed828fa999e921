import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@Suite("Pausing and resuming", .timeLimit(.minutes(5)))
struct PauseTests {
    @Test("a pause lets the running step end, holds the next one back, and a resume goes on there")
    func whileAStepRuns() async throws {
        let harness = try Harness()
        let ran = Mutex<[String]>([])
        let gate = Wake()
        let service = harness.service { step in
            _ = try await step.run("first") { _ in
                ran.withLock { $0.append("first") }
                await gate.wait()
                return "1"
            }
            return try await step.run("second") { _ in
                ran.withLock { $0.append("second") }
                return "2"
            }
        }
        try await harness.run(service) { service in
            try await harness.until(service) { _ in ran.withLock { !$0.isEmpty } }
            #expect(try await service.pause("one", of: "flow").status == .waitingForPause)
            #expect(try await service.pause("one", of: "flow").status == .waitingForPause)
            gate.notify()
            let paused = try await harness.until(service) { $0.status == .paused }
            #expect(paused.steps.map(\.name) == ["first-1"])
            #expect(paused.steps.first?.success == true)
            harness.time.advance(by: .seconds(3_600))
            #expect(try await service.resume("one", of: "flow").status == .queued)
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.output == .integer(2))
            #expect(ran.withLock { $0 } == ["first", "second"])
            let log = try await harness.lines(service)
            let standing = log.filter { $0.contains("pause") || $0.contains("resume") }
            #expect(standing == ["workflow_waiting_for_pause", "workflow_paused", "workflow_resumed"])
        }
    }

    @Test("a pause that has not begun is called off by a resume, and the code goes on in the same life")
    func calledOff() async throws {
        let harness = try Harness()
        let gate = Wake()
        let service = harness.service { step in
            // Two steps side by side: the second one wants to begin another while the first still runs.
            async let long = step.run("long") { _ in
                await gate.wait()
                return "1"
            }
            _ = try await step.run("short") { _ in "0" }
            try await step.sleep("moment", milliseconds: 1_000)
            let next = try await step.run("next") { _ in "2" }
            return "[\(try await long),\(next)]"
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 3 }
            _ = try await service.pause("one", of: "flow")
            try await harness.until(service, advance: .milliseconds(50)) { $0.steps.contains { $0.finished == true } }
            #expect(try await service.resume("one", of: "flow").status == .running)
            // The begin of the last step is written by itself after a moment, unless the pause held it.
            try await harness.until(service, advance: .milliseconds(25)) { $0.steps.count == 4 }
            gate.notify()
            let end = try await harness.until(service, advance: .milliseconds(50)) { $0.status.isFinal }
            #expect(end.output == .array([.integer(1), .integer(2)]))
            #expect(harness.invocations.withLock { $0.count } == 1)
            #expect(end.steps.first { $0.name == "long-1" }?.attempts?.count == 1)
        }
    }

    @Test("a sleep is interrupted at once, and what is left of it is slept after the pause")
    func sleeps() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.sleep("night", milliseconds: 3_600_000)
            return "\"morning\""
        }
        try await harness.run(service) { service in
            let asleep = try await harness.until(service) { $0.steps.count == 1 }
            let due = try #require(asleep.steps.first?.dueAt)
            _ = try await service.pause("one", of: "flow")
            try await harness.until(service) { $0.status == .paused }
            harness.time.advance(by: .seconds(86_400))
            let still = try await service.detail("one", of: "flow")
            #expect(still.status == .paused)
            #expect(still.steps.first?.finished == false)
            _ = try await service.resume("one", of: "flow")
            let after = try await service.detail("one", of: "flow")
            #expect(after.steps.first?.dueAt == due + .seconds(86_400))
            let end = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(try #require(end.end) >= due + .seconds(86_400))
        }
    }

    @Test("an instance that is put aside pauses at once, and an event that comes meanwhile is not lost")
    func eventsMeanwhile() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.wait("approval", type: "approve", milliseconds: 3_600_000)
        }
        try await harness.run(service) { service in
            try await harness.until(service, advance: .milliseconds(50)) { $0.status == .waiting }
            #expect(try await service.pause("one", of: "flow").status == .paused)
            _ = try await service.sendEvent("approve", payload: Array("7".utf8), to: "one", of: "flow")
            // Far past the time-out of the wait.
            harness.time.advance(by: .seconds(86_400))
            #expect(try await service.detail("one", of: "flow").status == .paused)
            _ = try await service.resume("one", of: "flow")
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.output?["payload"] == .integer(7))
        }
    }

    @Test("the delay of a retry is interrupted and goes on after the pause")
    func retries() async throws {
        let harness = try Harness()
        let config = JSONValue.object(["retries": .object(["limit": .integer(1), "delayMs": .integer(60_000)])])
        let service = harness.service { step in
            try await step.run("flaky", config: config) { attempt in
                if attempt == 1 { throw JavaScriptError.thrown("not yet") }
                return "\(attempt)"
            }
        }
        try await harness.run(service) { service in
            let failed = try await harness.until(service) { $0.steps.first?.attempts?.first?.end != nil }
            let due = try #require(failed.steps.first?.dueAt)
            _ = try await service.pause("one", of: "flow")
            try await harness.until(service) { $0.status == .paused }
            harness.time.advance(by: .seconds(3_600))
            _ = try await service.resume("one", of: "flow")
            let end = try await harness.until(service, advance: .seconds(1)) { $0.status.isFinal }
            #expect(end.output == .integer(2))
            #expect(try #require(end.steps.first?.attempts?.last?.start) >= due + .seconds(3_600))
        }
    }

    @Test("an engine that dies before a pause has begun finds the instance paused")
    func crash() async throws {
        let harness = try Harness()
        let isStuck = Mutex(true)
        let code: Harness.Code = { step in
            try await step.run("only") { attempt in
                if isStuck.withLock({ $0 }) { await Wake().wait() }
                try Task.checkCancellation()
                return "\(attempt)"
            }
        }
        try await harness.run(harness.service(code)) { service in
            try await harness.until(service, advance: .milliseconds(25)) { $0.steps.first?.attempts?.count == 1 }
            #expect(try await service.pause("one", of: "flow").status == .waitingForPause)
        }
        isStuck.withLock { $0 = false }
        try await harness.loop(harness.service(code)) { service in
            let paused = try await harness.until(service) { $0.status == .paused }
            #expect(paused.steps.first?.attempts?.first?.error?.name == "Interrupted")
            _ = try await service.resume("one", of: "flow")
            #expect(try await harness.until(service) { $0.status.isFinal }.output == .integer(2))
        }
    }

    @Test("what has ended is neither paused nor resumed, and what is queued pauses before it begins")
    func otherStates() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        _ = try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
        #expect(try await service.resume("one", of: "flow").status == .queued)
        #expect(try await service.pause("one", of: "flow").status == .paused)
        try await harness.loop(service) { service in
            _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
            try await harness.until(service, "two") { $0.status == .complete }
            #expect(try await service.get("one", of: "flow").status == .paused)
            let error = await #expect(throws: FlareError.self) { try await service.pause("two", of: "flow") }
            #expect(error?.code == .inUse)
            #expect(error?.message == "(instance.cannot_pause) instance \"two\" is complete already")
            _ = try await service.terminate("one", of: "flow")
            #expect(try await service.get("one", of: "flow").status == .terminated)
            await #expect(throws: FlareError.self) { try await service.resume("one", of: "flow") }
        }
    }
}

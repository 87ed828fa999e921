import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

/// The hazards of durable workflows that others have, each shown not to exist here.
@Suite("Hazards", .timeLimit(.minutes(5)))
struct HazardsTests {
    @Test("hazard 1: a step is known by kind, name and occurrence; a deadline is fixed when it is first seen")
    func identity() async throws {
        let harness = try Harness()
        let lives = Mutex(0)
        let ran = Mutex<[String]>([])
        let service = harness.service { step in
            let life = lives.withLock { lives in
                lives += 1
                return lives
            }
            // Names that collide where kinds, durations and counts share one text.
            for name in ["job1000", "x-1", "x"] {
                _ = try await step.run(name) { _ in
                    ran.withLock { $0.append(name) }
                    return "1"
                }
            }
            // Another length in each life, as code that computes it from the clock would ask for.
            try await step.sleep("job", milliseconds: 3_600_000 / Int64(life))
            _ = try await step.wait("x", type: "go", milliseconds: 3_600_000)
            return "\(life)"
        }
        try await harness.run(service) { service in
            let asleep = try await harness.until(service, advance: .milliseconds(50)) { $0.status == .waiting }
            let due = try #require(asleep.steps.first { $0.type == "sleep" }?.dueAt)
            let waiting = try await harness.until(service, advance: .seconds(60)) { $0.steps.count == 5 }
            #expect(try #require(waiting.steps.first { $0.type == "sleep" }?.end) >= due)
            _ = try await service.sendEvent("go", payload: [], to: "one", of: "flow")
            try await harness.until(service) { $0.status == .complete }
            #expect(ran.withLock { $0 } == ["job1000", "x-1", "x"])
            #expect(harness.invocations.withLock { $0.count } >= 2)
        }
    }

    @Test("hazard 1: a deadline that is past is no error, neither at first sight nor in a later life")
    func pastDeadline() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let past: [String: JSONValue] = ["name": .string("until"), "n": .integer(1), "untilMs": .integer(1_000)]
            guard case .value = try await step.raw("step.sleep", past) else { return "\"refused\"" }
            try await step.sleep("night", milliseconds: 3_600_000)
            return "\"woke\""
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(end.output == .string("woke"))
            #expect(harness.invocations.withLock { $0.count } == 2)
        }
    }

    @Test("hazard 2: after a stop every instance goes on by itself, and open attempts are marked")
    func resumesByItself() async throws {
        let harness = try Harness()
        let isStuck = Mutex(true)
        let code: Harness.Code = { step in
            switch step.payload {
            case "\"sleeps\"": try await step.sleep("night", milliseconds: 3_600_000)
            case "\"waits\"": _ = try await step.wait("sign", type: "go", milliseconds: 3_600_000)
            default:
                return try await step.run("work") { attempt in
                    if isStuck.withLock({ $0 }) { await Wake().wait() }
                    try Task.checkCancellation()
                    return "\(attempt)"
                }
            }
            return "0"
        }
        let service = harness.service(code)
        try await harness.define(service)
        try await harness.loop(service) { service in
            for id in ["works", "sleeps", "waits"] {
                let params = Array("\"\(id)\"".utf8)
                _ = try await service.create(NewInstance(id: id, params: params, trigger: .api), of: "flow")
            }
            for id in ["works", "sleeps", "waits"] {
                try await harness.until(service, id, advance: .milliseconds(25)) { $0.steps.count == 1 }
            }
        }
        isStuck.withLock { $0 = false }
        harness.time.advance(by: .seconds(7_200))
        try await harness.loop(harness.service(code)) { service in
            let worked = try await harness.until(service, "works") { $0.status.isFinal }
            #expect(worked.output == .integer(2))
            #expect(worked.steps.first?.attempts?.first?.error?.name == "Interrupted")
            let lines = try await harness.lines(service, "works")
            #expect(lines.contains("attempt_interrupted"))
            #expect(lines.suffix(2) == ["step_completed", "workflow_completed"])
            #expect(try await harness.until(service, "sleeps") { $0.status.isFinal }.status == .complete)
            // Its hour was over while nobody looked, and the wait says so once.
            #expect(try await harness.until(service, "waits") { $0.status.isFinal }.status == .errored)
        }
    }

    @Test("hazard 3: a failure for good is kept as a result is, and limit counts the retries after the first attempt")
    func failuresAreResults() async throws {
        let harness = try Harness()
        let runs = Mutex<[String: Int]>([:])
        let config = JSONValue.object(["retries": .object(["limit": .integer(2), "delayMs": .integer(1)])])
        let service = harness.service { step in
            var caught: [String] = []
            for name in ["fatal", "flaky"] {
                do {
                    _ = try await step.run(name, config: config) { _ in
                        runs.withLock { $0[name, default: 0] += 1 }
                        throw JavaScriptError(message: name, isNonRetryable: name == "fatal")
                    }
                } catch let error as JavaScriptError {
                    caught.append("\"\(error.message)\"")
                }
            }
            try await step.sleep("night", milliseconds: 3_600_000)
            return "[\(caught.joined(separator: ","))]"
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .seconds(10)) { $0.status.isFinal }
            #expect(end.output == .array([.string("fatal"), .string("flaky")]))
            #expect(runs.withLock { $0 } == ["fatal": 1, "flaky": 3])
            #expect(harness.invocations.withLock { $0.count } == 2)
        }
    }

    @Test("hazard 3: an attempt that was timed out is fenced: what it says late changes nothing")
    func fencing() async throws {
        let harness = try Harness()
        let answers = Mutex<[Bool]>([])
        let config = JSONValue.object(["retries": .object(["limit": .integer(1), "delayMs": .integer(1)])])
        let service = harness.service { step in
            try await step.run("slow", config: config) { attempt in
                guard attempt == 2 else {
                    throw JavaScriptError(name: "WorkflowTimeoutError", message: "Execution timed out after 5ms")
                }
                // The first attempt returns after all, while the second one runs.
                let late: [String: JSONValue] = [
                    "name": .string("slow"), "n": .integer(1), "attempt": .integer(1), "ok": .bool(true),
                ]
                let reply = try await step.raw("step.end", late, body: Array("\"late\"".utf8))
                answers.withLock { if case .failure = reply { $0.append(true) } else { $0.append(false) } }
                return "\"second\""
            }
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(10)) { $0.status.isFinal }
            #expect(end.output == .string("second"))
            #expect(answers.withLock { $0 } == [true])
            #expect(end.steps.first?.output == .string("second"))
            #expect(try await harness.lines(service).contains("attempt_timed_out"))
        }
    }

    @Test("hazard 4: an event is received once, over all lives, and an instance that has ended takes none")
    func eventsOnce() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let first = try await step.wait("first", type: "go", milliseconds: 3_600_000)
            try await step.sleep("night", milliseconds: 3_600_000)
            do {
                _ = try await step.wait("second", type: "go", milliseconds: 60_000)
            } catch let error as JavaScriptError {
                return "[\(first),\"\(error.name)\"]"
            }
            return "\"received twice\""
        }
        try await harness.run(service) { service in
            _ = try await service.sendEvent("go", payload: Array("7".utf8), to: "one", of: "flow")
            let end = try await harness.until(service, advance: .seconds(10)) { $0.status.isFinal }
            #expect(end.output?.arrayValue?.first?["payload"] == .integer(7))
            #expect(end.output?.arrayValue?.last == .string("WorkflowTimeoutError"))
            let late = await #expect(throws: FlareError.self) {
                try await service.sendEvent("go", payload: [], to: "one", of: "flow")
            }
            #expect(late?.code == .inUse)
            #expect(late?.message == "instance \"one\" is complete and takes no more events")
            let again = await #expect(throws: FlareError.self) {
                try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
            }
            #expect(again?.code == .alreadyExists)
        }
    }

    @Test("hazard 5: nothing that has happened is wiped by what happens next")
    func historyStays() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            if step.isUndoing { return try await step.undo { _, _ in } }
            _ = try await step.run("work", config: RollbackTests.undoable) { _ in "1" }
            throw JavaScriptError.thrown("no").flareError
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.status == .errored }
            let before = try await harness.lines(service)
            #expect(before.contains("workflow_queued") && before.contains("step_completed"))
            await #expect(throws: FlareError.self) { try await service.terminate("one", of: "flow") }
            await #expect(throws: FlareError.self) { try await service.pause("one", of: "flow") }
            await #expect(throws: FlareError.self) {
                try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
            }
            #expect(try await harness.lines(service) == before)
            let detail = try await service.detail("one", of: "flow")
            #expect(detail.steps.map(\.type) == ["step", "rollback"])
            #expect(detail.steps.first?.output == .integer(1))
        }
    }

    @Test("hazard 9: the end of an instance can be waited for, and tells how it ended")
    func waiting() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            if step.payload == "1" { throw JavaScriptError.thrown("no").flareError }
            return "1"
        }
        try await harness.run(service) { service in
            _ = try await service.create(NewInstance(id: "bad", params: Array("1".utf8), trigger: .api), of: "flow")
            let deadline = harness.time.now() + .seconds(60)
            #expect(try await service.wait(for: "one", of: "flow", until: deadline).status == .complete)
            #expect(try await service.wait(for: "bad", of: "flow", until: deadline).status == .errored)
        }
    }
}

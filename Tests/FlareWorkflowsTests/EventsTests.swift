import FlareModel
import FlareStore
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

@Suite("Watching instances", .timeLimit(.minutes(5)))
struct EventsTests {
    private static func script(_ step: FakeStep) async throws -> String {
        _ = try await step.run("read") { _ in "[1]" }
        _ = try await step.run("read") { _ in "[2]" }
        do {
            _ = try await step.run("bad", config: .object(["retries": .object(["limit": .integer(0)])])) { _ in
                throw JavaScriptError.thrown("no luck")
            }
        } catch is JavaScriptError {}
        _ = try await step.wait("sign", type: "go", milliseconds: 3_600_000)
        return "\"end\""
    }

    private static func events(
        _ service: WorkflowService,
        after cursor: Int64 = 0,
        _ types: Set<String> = [],
        follows: Bool = false
    ) async throws -> [(Int64, String, JSONValue)] {
        let events = Mutex<[(Int64, String, JSONValue)]>([])
        try await service.events(of: "one", "flow", after: cursor, types: types, follows: follows) {
            cursor,
            type,
            body in
            events.withLock { $0.append((cursor, type, body)) }
        }
        return events.withLock { $0 }
    }

    @Test("events replay and follow to the end, from a cursor on, and by type")
    func events() async throws {
        let harness = try Harness()
        let service = harness.service(Self.script)
        try await harness.run(service, params: "7") { service in
            try await harness.until(service) { $0.steps.count == 4 }
            let before = try await Self.events(service)
            #expect(before.last?.1 == "wait_started")
            #expect(before.first { $0.1 == "workflow_started" }?.2["params"]?.integerValue == 7)
            async let rest = Self.events(service, after: before.last?.0 ?? 0, follows: true)
            _ = try await service.sendEvent("go", payload: Array("3".utf8), to: "one", of: "flow")
            #expect(try await rest.map(\.1) == ["event_received", "wait_completed", "workflow_completed"])
            let ends = try await Self.events(service, ["step_completed", "step_errored", "workflow_completed"])
            #expect(ends.map { $0.2["stepName"]?.stringValue } == ["read-1", "read-2", "bad-1", nil])
            #expect(ends.map { $0.2["output"] } == [.array([.integer(1)]), .array([.integer(2)]), nil, .string("end")])
            #expect(ends[2].2["error"]?["message"]?.stringValue == "no luck")
            #expect(try await service.hasNothing(after: ends[3].0, of: "one", "flow"))
            #expect(try await !service.hasNothing(after: ends[2].0, of: "one", "flow"))
        }
        let error = #expect(throws: FlareError.self) { try service.checkEventTypes(["step_complete"]) }
        #expect(error?.message == "there are no events of type \"step_complete\". Did you mean \"step_completed\"?")
    }

    @Test("code that subscribes gets the events in pages, waits for the next one, and is told of the end")
    func subscription() async throws {
        let harness = try Harness()
        let service = harness.service(Self.script)
        let binding = WorkflowBinding(service: service, workflow: "flow")
        @Sendable func ask(_ arguments: [String: JSONValue]) async throws -> (JSONValue, [String?]) {
            let id = ["id": JSONValue.string("one")]
            let reply = try await binding.call("events", arguments: .object(id.merging(arguments) { $1 }), body: [])
            return (reply.value, try JSONValue(json: reply.body).arrayValue?.map { $0["type"]?.stringValue } ?? [])
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 4 }
            let filter = JSONValue.array([.string("step_completed"), .string("workflow_completed")])
            let (before, steps) = try await ask(["filter": filter])
            #expect(steps == ["step_completed", "step_completed"])
            #expect(before["isOver"] == .bool(false))
            let next: [String: JSONValue] = ["filter": filter, "cursor": before["cursor"] ?? .null]
            #expect(try await ask(next).1 == [])
            async let rest = ask(next.merging(["waits": .bool(true)]) { $1 })
            _ = try await service.sendEvent("go", payload: [], to: "one", of: "flow")
            let (after, end) = try await rest
            #expect(end == ["workflow_completed"])
            #expect(after["isOver"] == .bool(true))
        }
        let error = await #expect(throws: FlareError.self) {
            try await ask(["filter": .array([.string("step_complete")])])
        }
        #expect(error?.message.contains("step_completed") == true)
    }

    @Test("a step is found with all it returned, by its name, its occurrence, its type and its attempt")
    func step() async throws {
        let harness = try Harness()
        let service = harness.service(Self.script)
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 4 }
            func find(_ name: String, _ type: String? = nil, attempt: Int? = nil) async throws -> StepBody {
                try await service.step(name, type: type, attempt: attempt, of: "one", "flow").step
            }
            #expect(try await find("read").output == .array([.integer(1)]))
            #expect(try await find("read-2").output == .array([.integer(2)]))
            #expect(try await find("bad", attempt: 1).attempts?.first?.error?.message == "no luck")
            #expect(try await find("sign", "waitForEvent").eventType == "go")
            let missing = await #expect(throws: FlareError.self) { try await find("sing-1", attempt: nil) }
            #expect(missing?.message == "step \"sing-1\" not found. Did you mean \"sign-1\"?")
            let attempt = await #expect(throws: FlareError.self) { try await find("bad", attempt: 2) }
            #expect(attempt?.message == "step \"bad-1\" has no attempt 2; it has had 1")
            _ = await #expect(throws: FlareError.self) { try await find("sign", "sleep") }
        }
    }

    @Test("a wait ends when its step has ended, when its status has come, and when the instance has ended")
    func goals() async throws {
        let harness = try Harness()
        let service = harness.service(Self.script)
        try await harness.run(service) { service in
            let never = harness.time.now() + .seconds(1_000_000)
            let read = try await service.wait(for: "one", of: "flow", goal: .step("read-2"), until: never)
            #expect(read.steps.count >= 2)
            async let paused = service.wait(for: "one", of: "flow", goal: .status(.paused), until: never)
            async let signed = service.wait(for: "one", of: "flow", goal: .step("sign"), until: never)
            _ = try await service.sendEvent("go", payload: [], to: "one", of: "flow")
            #expect(try await signed.steps.count == 4)
            #expect(try await paused.status == .complete)
        }
    }

    @Test("a long log is followed in pages, and a filter leaves lines out")
    func filters() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            for number in 0..<300 { _ = try await step.run(number < 299 ? "many" : "last") { _ in "1" } }
            return "1"
        }
        try await harness.run(service) { service in
            let steps = Mutex<[String]>([])
            try await service.logs(of: "one", "flow", after: 0, follows: true) { lines in
                #expect(lines.count <= Limits.workflowLogPageMax)
                steps.withLock { $0 += lines.filter { $0.type == "step_completed" }.compactMap(\.step) }
            }
            #expect(steps.withLock { $0 } == (1...299).map { "many-\($0)" } + ["last-1"])
            for (name, count) in [("many", 299 * 4), ("many-7", 4), ("last", 4), ("man", 0)] {
                var filter = InstanceLogFilter()
                filter.step = name
                let lines = Mutex(0)
                try await service.logs(of: "one", "flow", after: 0, follows: false, filter: filter) { page in
                    lines.withLock { $0 += page.count }
                }
                #expect(lines.withLock { $0 } == count)
            }
        }
    }
}

import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@Suite("Limits and options of steps", .timeLimit(.minutes(5)))
struct StepLimitsTests {
    @Test("a workflow's own limit of steps counts every do and wait over all lives, and no sleep")
    func steps() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            for _ in 0..<3 {
                _ = try await step.run("work") { _ in "1" }
                try await step.sleep("night", milliseconds: 3_600_000)
            }
            return try await step.run("last") { _ in "4" }
        }
        try await harness.define(service, settings: WorkflowSettings(steps: 3))
        try await harness.loop(service) { service in
            _ = try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
            let refused = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(refused.status == .errored)
            #expect(refused.error?.message.contains("step \"last-1\" cannot begin: the run has 3 steps") == true)
            #expect(refused.error?.message.contains("limits.steps") == true)
            try await harness.define(service, version: "v2", settings: WorkflowSettings(steps: 4))
            _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
            let end = try await harness.until(service, "two", advance: .seconds(60)) { $0.status.isFinal }
            #expect(end.output == .integer(4))
        }
    }

    @Test("a result over 1 MiB fails its step at once with its size; bytes count as bytes")
    func sizes() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let bytes = #"{"$":"Uint8Array","v":"\#(String(repeating: "AAAA", count: 340_000))"}"#
            _ = try await step.run("bytes") { _ in bytes }
            do {
                _ = try await step.run("large") { _ in "\"\(String(repeating: "x", count: 1_048_576))\"" }
            } catch let error as JavaScriptError {
                return "\"\(error.message)\""
            }
            return "\"stored\""
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.contains { $0.name == "large-1" && $0.success != nil } }
            let detail = try await service.detail("one", of: "flow")
            #expect(detail.steps.map(\.success) == [true, false])
            #expect(detail.steps.last?.attempts?.count == 1)
            #expect(detail.steps.last?.error?.message.contains("1048578 bytes of at most 1048576") == true)
        }
    }

    @Test("the first configuration of a step counts in later lives, whatever the code says then")
    func firstConfiguration() async throws {
        let harness = try Harness()
        let lives = Mutex(0)
        let told = Mutex<[JSONValue?]>([])
        let service = harness.service { step in
            let life = lives.withLock { lives in
                lives += 1
                return lives
            }
            let begin: [String: JSONValue] = [
                "name": .string("work"), "n": .integer(1),
                "config": .object([
                    "retries": .object(["limit": .integer(life == 1 ? 3 : 0), "delayMs": .integer(3_600_000)])
                ]),
            ]
            guard case .value(let state, _) = try await step.raw("step.begin", begin) else { return "\"refused\"" }
            told.withLock { $0.append(state["config"]) }
            let end: [String: JSONValue] = [
                "name": .string("work"), "n": .integer(1), "attempt": state["attempt"] ?? .null, "ok": .bool(life > 1),
                "error": .object(["message": .string("not yet")]),
            ]
            _ = try await step.raw("step.end", end, body: Array("5".utf8))
            return "5"
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(end.status == .complete)
            #expect(end.steps.first?.config?.retries.limit == 3)
            let configs = told.withLock { $0 }
            #expect(configs.count == 2)
            #expect(configs.first == .some(nil))
            #expect(configs.last??["retries"]?["limit"] == .integer(3))
        }
    }

    @Test("a result that is sensitive is shown to nobody but the code")
    func sensitive() async throws {
        let harness = try Harness()
        let config = JSONValue.object(["sensitive": .bool(true)])
        let service = harness.service { step in
            let secret = try await step.run("secret", config: config) { _ in "\"hunter2\"" }
            try await step.sleep("night", milliseconds: 3_600_000)
            return "\(secret.count)"
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(end.output == .integer(9))
            #expect(end.steps.first?.output == .string("[REDACTED]"))
        }
    }

    @Test("a stream is stored in parts that belong to one attempt, and read by its length in a later life")
    func streams() async throws {
        let harness = try Harness()
        let config = JSONValue.object(["retries": .object(["limit": .integer(2), "delayMs": .integer(1)])])
        let service = harness.service { step in
            if step.invocation.header["journalBytes"]?.integerValue == 0 { try await Self.produce(step, config) }
            try await step.sleep("night", milliseconds: 3_600_000)
            var text = ""
            for index in 0..<2 {
                let read: [String: JSONValue] = [
                    "name": .string("s"), "n": .integer(1), "index": .integer(Int64(index)),
                ]
                guard case .value(_, let bytes) = try await step.raw("step.read", read) else { return "\"no part\"" }
                text += String(decoding: bytes, as: UTF8.self)
            }
            return "\"\(text)\""
        }
        try await harness.run(service) { service in
            let end = try await harness.until(service, advance: .seconds(10)) { $0.status.isFinal }
            #expect(end.output == .string("good bytes"))
            #expect(end.steps.first?.output == .object(["type": .string("stream"), "bytes": .integer(10)]))
            #expect(end.steps.first?.attempts?.map(\.success) == [false, false, true])
            let rows = try await harness.database.read { transaction in
                try transaction.rows("SELECT attempt FROM workflow_chunks", decode: { $0.int(0) })
            }
            #expect(rows == [3, 3])
        }
    }

    /// The first attempt fails after one part; the second one tells a length that does not fit.
    private static func produce(_ step: FakeStep, _ config: JSONValue) async throws {
        let identity: [String: JSONValue] = ["name": .string("s"), "n": .integer(1)]
        func send(_ attempt: Int64, _ index: Int64, _ text: String) async throws -> RunnerReply {
            let fields: [String: JSONValue] = ["attempt": .integer(attempt), "index": .integer(index)]
            return try await step.raw("step.chunk", identity.merging(fields) { $1 }, body: Array(text.utf8))
        }
        func end(_ attempt: Int64, _ fields: [String: JSONValue]) async throws {
            let all = identity.merging(["attempt": .integer(attempt)]) { $1 }.merging(fields) { $1 }
            _ = try await step.raw("step.end", all)
        }
        _ = try await step.raw("step.begin", identity.merging(["config": config]) { $1 })
        _ = try await send(1, 0, "bad")
        try await end(1, ["ok": .bool(false), "error": .object(["message": .string("broke")])])
        guard case .failure = try await send(1, 1, "late") else {
            throw JavaScriptError.thrown("a late part was taken")
        }
        _ = try await send(2, 0, "short")
        try await end(2, ["ok": .bool(true), "streamBytes": .integer(6)])
        _ = try await send(3, 0, "good ")
        _ = try await send(3, 1, "bytes")
        try await end(3, ["ok": .bool(true), "streamBytes": .integer(10)])
    }
}

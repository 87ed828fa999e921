import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Testing

@Suite("Keeping and deleting instances", .timeLimit(.minutes(5)))
struct RetentionTests {
    @Test("ended instances are deleted when their own retention, their workflow's or the default is over")
    func expires() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            if step.payload == "1" { throw JavaScriptError.thrown("no").flareError }
            return "1"
        }
        try await harness.define(
            service,
            settings: WorkflowSettings(retention: InstanceRetention(error: 3_600_000))
        )
        try await harness.loop(service) { service in
            let own = InstanceRetention(success: 60_000)
            let failing = Array("1".utf8)
            _ = try await service.create(NewInstance(id: "own", trigger: .api, retention: own), of: "flow")
            _ = try await service.create(NewInstance(id: "flows", trigger: .api).with(failing), of: "flow")
            _ = try await service.create(NewInstance(id: "standard", trigger: .api), of: "flow")
            for id in ["own", "flows", "standard"] {
                try await harness.until(service, id) { $0.status.isFinal }
            }
            harness.time.advance(by: .seconds(59))
            #expect(try await Self.ids(service) == ["standard", "flows", "own"])
            harness.time.advance(by: .seconds(1))
            #expect(try await Self.eventually(service, ["standard", "flows"]))
            harness.time.advance(by: .seconds(3_540))
            #expect(try await Self.eventually(service, ["standard"]))
            harness.time.advance(by: .seconds(30 * 86_400))
            #expect(try await Self.eventually(service, []))
        }
    }

    @Test("what expired while the engine was down is deleted by its next start, however much it is")
    func expiredMeanwhile() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        try await harness.loop(service) { service in
            for _ in 0..<3 {
                let batch = (0..<50).map { _ in
                    NewInstance(trigger: .api, retention: InstanceRetention(success: 1_000))
                }
                _ = try await service.createBatch(batch, of: "flow")
            }
            try await Self.wait { try await service.get("flow").instances["complete"] == 150 }
        }
        harness.time.advance(by: .seconds(2))
        try await harness.loop(harness.service { _ in "1" }) { service in
            let isEmpty = try await Self.eventually(service, [])
            #expect(isEmpty)
        }
    }

    @Test("a retention is milliseconds or words, and anything else is refused with what may be written")
    func wordings() throws {
        func read(_ json: String) throws -> InstanceRetention? {
            try InstanceRetention(json: JSONValue(json: Array(json.utf8)), success: "success", error: "error")
        }
        #expect(try read(#"{"success": 1500, "error": "3 days"}"#) == .init(success: 1_500, error: 259_200_000))
        #expect(try read(#"{"error": "1.5 hours"}"#) == .init(error: 5_400_000))
        #expect(try read("null") == nil)
        let wrong = [#"{"success": "soon"}"#, #"{"success": -1}"#, #"{"error": "20 years"}"#, #"{"failure": 1}"#, "7"]
        for text in wrong {
            let error = #expect(throws: FlareError.self) { try read(text) }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("deleting answers for each id: deleted, not found, not ended")
    func deletes() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.sleep("night", milliseconds: step.payload == "1" ? 3_600_000 : 0)
            return "1"
        }
        try await harness.define(service)
        try await harness.loop(service) { service in
            _ = try await service.create(NewInstance(id: "done", trigger: .api), of: "flow")
            _ = try await service.create(NewInstance(id: "asleep", trigger: .api).with(Array("1".utf8)), of: "flow")
            try await harness.until(service, "done") { $0.status.isFinal }
            let result = try await service.deleteInstances(["done", "asleep", "nobody", "done"], of: "flow")
            #expect(result.deleted.map(\.id) == ["done"])
            #expect(result.errors.map(\.id) == ["asleep", "nobody", "done"])
            #expect(result.errors.map(\.code) == [10001, 10400, 10400])
            #expect(try await Self.ids(service) == ["asleep"])
            let left = try await harness.database.read { transaction in
                try transaction.rows(
                    "SELECT COUNT(*) FROM workflow_log WHERE instance IS NOT NULL",
                    decode: { $0.int(0) }
                )
            }
            #expect(try await harness.lines(service, "asleep").count == left.first)
            await #expect(throws: FlareError.self) {
                try await service.deleteInstances((0...100).map { "\($0)" }, of: "flow")
            }
        }
    }

    @Test("all unfinished instances are terminated at once, or those of one status")
    func terminatesAll() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.wait("sign", type: "go", milliseconds: 3_600_000)
        }
        try await harness.define(service)
        for _ in 0..<5 {
            _ = try await service.createBatch((0..<100).map { _ in NewInstance(trigger: .api) }, of: "flow")
        }
        _ = try await service.create(NewInstance(id: "still", trigger: .api), of: "flow")
        _ = try await service.pause("still", of: "flow")
        #expect(try await service.terminateAll(of: "flow", .running) == 0)
        #expect(try await service.terminateAll(of: "flow", .queued) == 500)
        #expect(try await service.get("flow").instances == ["terminated": 500, "paused": 1])
        #expect(try await service.terminateAll(of: "flow", nil) == 1)
    }

    @Test("a batch tells of each instance that it cannot create, and creates the others")
    func reportedBatch() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        let large = Array("\"\(String(repeating: "x", count: Limits.workflowValueBytesMax))\"".utf8)
        let batch = [
            NewInstance(id: "a", trigger: .binding), NewInstance(id: "a", trigger: .binding),
            NewInstance(id: "not an id", trigger: .binding), NewInstance(id: "b", trigger: .binding).with(large),
            NewInstance(trigger: .binding),
        ]
        let result = try await service.createReported(batch, of: "flow")
        #expect(result.created.count == 2)
        #expect(result.errors.map(\.index) == [1, 2, 3])
        #expect(result.errors.first?.code == FlareError.Code.alreadyExists.apiCode)
        #expect(result.errors.last?.message.contains("1048578 bytes") == true)
    }

    private static func ids(_ service: WorkflowService) async throws -> [String] {
        try await service.instances(of: "flow", InstanceFilter()).page.map(\.id)
    }

    private static func eventually(_ service: WorkflowService, _ expected: [String]) async throws -> Bool {
        try await wait { try await ids(service) == expected }
        return try await ids(service) == expected
    }

    private static func wait(_ fits: @Sendable () async throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while try await !fits(), ContinuousClock.now < limit { await Task.yield() }
    }
}

extension NewInstance {
    fileprivate func with(_ params: [UInt8]) -> NewInstance {
        var copy = self
        copy.params = params
        return copy
    }
}

import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@testable import FlareQueues

@Suite("Creating, waking and ending instances", .timeLimit(.minutes(5)))
struct InstanceTests {
    @Test("an id that is taken is a conflict, and in a batch it is left out")
    func duplicates() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        let new = NewInstance(id: "one", trigger: .api)
        _ = try await service.create(new, of: "flow")
        let error = await #expect(throws: FlareError.self) { try await service.create(new, of: "flow") }
        #expect(error?.code == .alreadyExists)
        #expect(error?.message == "workflow \"flow\" already has an instance \"one\"")
        let batch = [new, NewInstance(id: "two", trigger: .api)]
        #expect(try await service.createBatch(batch, of: "flow").map(\.id) == ["two"])
    }

    @Test("a workflow that does not exist is named with the nearest one")
    func unknownWorkflow() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        let error = await #expect(throws: FlareError.self) {
            try await service.create(NewInstance(trigger: .api), of: "flo")
        }
        #expect(error?.code == .workflowNotFound)
        #expect(error?.message.contains("Did you mean \"flow\"?") == true)
    }

    @Test("an instance stays with the version that it began with")
    func pinned() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.sleep("night", milliseconds: 3_600_000)
            return "1"
        }
        try await harness.run(service) { service in
            try await harness.until(service, advance: .milliseconds(50)) { $0.status == .waiting }
            try await harness.define(service, version: "v2")
            let used = try await harness.database.read { try service.workerVersionsInUse("worker", in: $0) }
            #expect(used == ["v1"])
            try await harness.until(service, advance: .seconds(60)) { $0.status.isFinal }
            #expect(harness.invocations.withLock { $0 } == ["v1", "v1"])
            #expect(try await service.versions(of: "flow", limit: 10, offset: 0).count == 2)
        }
    }

    @Test("a batch of a queue becomes one instance with the bodies as its messages, and is acknowledged with it")
    func batch() async throws {
        let harness = try Harness()
        let service = harness.service { step in step.payload }
        try await harness.define(service)
        let outcome = await service.deliverBatch(workflow: "flow", Self.leased([#"{"a":1}"#, "[2]"]))
        guard case .committed = outcome else {
            Issue.record("the batch should be committed, not \(outcome)")
            return
        }
        #expect(harness.acknowledged.withLock { $0 } == ["lease-0", "lease-1"])
        try await harness.loop(service) { service in
            let end = try await harness.until(service, "latest") { $0.status.isFinal }
            #expect(end.trigger.source == "queue")
            let messages: [JSONValue] = [.object(["a": .integer(1)]), .array([.integer(2)])]
            #expect(end.output?["messages"] == .array(messages))
        }
    }

    @Test("a batch whose messages are no longer leased makes no instance")
    func staleBatch() async throws {
        let harness = try Harness()
        let service = harness.service(
            invoke: { _ in InvocationResult(value: .null, body: []) },
            acknowledge: { _ in throw FlareError(.preconditionFailed, "the lease is over") }
        )
        try await harness.define(service)
        let outcome = await service.deliverBatch(workflow: "flow", Self.leased(["1"]))
        guard case .failed(let error) = outcome else {
            Issue.record("the batch should fail, not \(outcome)")
            return
        }
        #expect(error.code == .preconditionFailed)
        #expect(try await service.instances(of: "flow", InstanceFilter()).total == 0)
    }

    @Test("an event reaches the step that waits for it, whether its code runs or is put aside")
    func events() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let first = try await step.wait("approval", type: "approve", milliseconds: 3_000)
            let second = try await step.wait("payment", type: "paid", milliseconds: 86_400_000)
            return "[\(first),\(second)]"
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 1 }
            _ = try await service.sendEvent("approve", payload: Array("1".utf8), to: "one", of: "flow")
            try await harness.until(service, advance: .milliseconds(50)) { $0.status == .waiting }
            _ = try await service.sendEvent("paid", payload: Array("2".utf8), to: "one", of: "flow")
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.output?.arrayValue?.map { $0["payload"] } == [.integer(1), .integer(2)])
            #expect(harness.invocations.withLock { $0.count } == 2)
        }
    }

    @Test("an event that comes first is kept for the step that asks for it, and is received once")
    func bufferedEvents() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            let first = try await step.wait("one", type: "go", milliseconds: 1_000)
            do {
                _ = try await step.wait("two", type: "go", milliseconds: 1_000)
                return "\"received twice\""
            } catch let error as JavaScriptError {
                return "[\(first),\"\(error.name)\"]"
            }
        }
        try await harness.define(service)
        _ = try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
        _ = try await service.sendEvent("go", payload: Array("7".utf8), to: "one", of: "flow")
        try await harness.loop(service) { service in
            let end = try await harness.until(service, advance: .milliseconds(50)) { $0.status.isFinal }
            #expect(end.output?.arrayValue?.first?["payload"] == .integer(7))
            #expect(end.output?.arrayValue?.last == .string("WorkflowTimeoutError"))
        }
        let error = await #expect(throws: FlareError.self) {
            try await service.sendEvent("go", payload: [], to: "one", of: "flow")
        }
        #expect(error?.code == .inUse)
    }

    @Test("a terminated instance ends at once, and what its code still says counts for nothing")
    func terminates() async throws {
        let harness = try Harness()
        let service = harness.service { step in
            try await step.run("endless") { _ in
                try await Self.cancellation()
                return "1"
            }
        }
        try await harness.run(service) { service in
            // The begin of an attempt is written after a moment.
            try await harness.until(service, advance: .milliseconds(100)) { $0.steps.first?.attempts?.count == 1 }
            _ = try await service.terminate("one", of: "flow")
            let end = try await service.wait(for: "one", of: "flow", until: harness.time.now())
            #expect(end.status == .terminated)
            #expect(end.steps.last?.type == "termination")
            let error = await #expect(throws: FlareError.self) { try await service.terminate("one", of: "flow") }
            #expect(error?.message.contains("instance.cannot_terminate") == true)
        }
    }

    @Test("no more instances run at once than there are places, and all get their turn in order")
    func places() async throws {
        let harness = try Harness()
        let order = Mutex<[String]>([])
        let isOpen = Mutex(false)
        let service = harness.service { step in
            order.withLock { $0.append(step.invocation.tags["instance"] ?? "") }
            while !isOpen.withLock({ $0 }) {
                try Task.checkCancellation()
                await Task.yield()
            }
            return "1"
        }
        try await harness.define(service)
        let ids = (0..<Limits.workflowInvocationsMax + 8).map { "i\($0)" }
        for id in ids { _ = try await service.create(NewInstance(id: id, trigger: .api), of: "flow") }
        try await harness.loop(service) { service in
            let places = Limits.workflowInvocationsMax
            while order.withLock({ $0.count }) < places { await Task.yield() }
            var filter = InstanceFilter()
            filter.status = .queued
            #expect(try await service.instances(of: "flow", filter).total == 8)
            isOpen.withLock { $0 = true }
            for id in ids { try await harness.until(service, id) { $0.status.isFinal } }
            #expect(Set(order.withLock { $0.prefix(places) }) == Set(ids.prefix(places)))
        }
    }

    @Test("a workflow with unfinished instances is not deleted; a finished one goes with its history")
    func delete() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.status.isFinal }
        }
        _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
        let error = await #expect(throws: FlareError.self) { try await service.delete("flow") }
        #expect(error?.code == .inUse)
        _ = try await service.terminate("two", of: "flow")
        try await service.delete("flow")
        #expect(try await service.list(limit: 10, offset: 0).total == 0)
    }

    @Test("a workflow with many instances is deleted in steps, none of which is done while one is unfinished")
    func deleteMany() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        let ids = (0...Limits.workflowExpiryBatchMax).map { "i-\($0)" }
        for id in ids { _ = try await service.create(NewInstance(id: id, trigger: .api), of: "flow") }
        for id in ids.dropFirst() { _ = try await service.terminate(id, of: "flow") }
        let error = await #expect(throws: FlareError.self) { try await service.delete("flow") }
        #expect(error?.code == .inUse)
        #expect(try await service.instances(of: "flow", InstanceFilter()).total == ids.count)
        _ = try await service.terminate("i-0", of: "flow")
        try await service.delete("flow")
        #expect(try await service.list(limit: 10, offset: 0).total == 0)
    }

    @Test("pages of a list hold each instance once, by page and by cursor")
    func pages() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        for index in 0..<5 { _ = try await service.create(NewInstance(id: "i\(index)", trigger: .api), of: "flow") }
        var filter = InstanceFilter()
        filter.limit = 2
        var byCursor: [String] = []
        repeat {
            let found = try await service.instances(of: "flow", filter)
            byCursor += found.page.map(\.id)
            filter.cursor = found.cursor
        } while filter.cursor != nil
        #expect(byCursor == ["i4", "i3", "i2", "i1", "i0"])
        filter.offset = 4
        #expect(try await service.instances(of: "flow", filter).page.map(\.id) == ["i0"])
        #expect(try await service.instances(of: "flow", filter).total == 5)
    }

    @Test("the API shows what has not happened yet as null, and a client reads it back")
    func bodies() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        _ = try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
        let bytes = FlareJSON.encode(try await service.detail("latest", of: "flow"))
        let shown = try JSONValue(json: bytes)
        for field in ["start", "end", "success", "error", "output"] { #expect(shown[field] == .null) }
        #expect(try FlareJSON.decode(InstanceDetailBody.self, from: bytes).status == .queued)
        let listed = try await service.instances(of: "flow", InstanceFilter()).page
        let list = try JSONValue(json: FlareJSON.encode(listed)).arrayValue
        #expect(list?.first?["started_on"] == .null)
        #expect(try await service.list(search: "lo", limit: 10, offset: 0).total == 1)
        #expect(try await service.list(search: "x", limit: 10, offset: 0).total == 0)
        let workflow = try await service.get("flow")
        #expect(workflow.triggeredOn != nil)
        #expect(workflow.instances == ["queued": 1])
    }

    @Test("a binding creates, finds and asks for instances; outputs and parameters are raw tagged JSON")
    func binding() async throws {
        let harness = try Harness()
        let service = harness.service { step in step.payload }
        try await harness.define(service)
        let binding = WorkflowBinding(service: service, workflow: "flow")
        let id = JSONValue.object(["id": .string("one")])
        let params = Array(#"{"when":{"$":"Date","v":"2013-01-01T00:00:00.000Z"}}"#.utf8)
        #expect(try await binding.call("create", arguments: id, body: params).value == id)
        let batch = JSONValue.object([
            "instances": .array([
                .object(["id": .string("one"), "bytes": .integer(1)]),
                .object(["id": .string("two"), "bytes": .integer(2)]),
            ])
        ])
        let created = try await binding.call("createBatch", arguments: batch, body: Array("145".utf8))
        #expect(created.value["instances"] == .array([.object(["id": .string("two")])]))
        try await harness.loop(service) { service in
            for id in ["one", "two"] { try await harness.until(service, id) { $0.status.isFinal } }
        }
        let status = try await binding.call("status", arguments: id, body: [])
        #expect(status.value == .object(["status": .string("complete"), "output": .bool(true)]))
        #expect(status.body == params)
        #expect(try await service.detail("two", of: "flow").output == .integer(45))
        let missing = JSONValue.object(["id": .string("three")])
        let error = await #expect(throws: FlareError.self) {
            try await binding.call("get", arguments: missing, body: [])
        }
        #expect(error?.message.contains("instance.not_found") == true)
    }

    /// Stands still until the code is told to go.
    private static func cancellation() async throws {
        await Wake().wait()
        try Task.checkCancellation()
    }

    private static func leased(_ bodies: [String]) -> LeasedBatch {
        let messages = bodies.enumerated().map { index, body in
            LeasedMessage(
                id: "message-\(index)",
                body: Array(body.utf8),
                contentType: .json,
                attempts: 1,
                timestamp: Timestamp(milliseconds: 0),
                leaseID: "lease-\(index)",
                origin: nil
            )
        }
        return LeasedBatch(
            queueName: "events",
            queueID: "q",
            messages: messages,
            metrics: QueueMetrics(backlogCount: messages.count, backlogBytes: 0)
        )
    }
}

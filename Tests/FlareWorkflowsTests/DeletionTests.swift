import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

/// Workflows that are deleted while others use their names.
@Suite("Deleting a workflow", .timeLimit(.minutes(5)))
struct DeletionTests {
    /// Deletes a workflow that has more ended instances than one transaction deletes, with a write of somebody else
    /// that comes right after the first of them.
    private func delete(
        _ harness: Harness,
        then write: @escaping @Sendable (WorkflowService, Transaction) throws -> Void
    ) async throws -> (service: WorkflowService, written: Result<Void, any Error>?) {
        let written = Mutex<Result<Void, any Error>?>(nil)
        let service = Mutex<WorkflowService?>(nil)
        let made = harness.service(
            invoke: { _ in InvocationResult(value: .object([:]), body: Array("1".utf8)) },
            removeConsumers: { _ in
                guard let made = service.withLock({ $0.take() }) else { return }
                harness.database.write {
                    try write(made, $0)
                } completion: { result in
                    written.withLock { $0 = result }
                }
            }
        )
        try await Self.fill(harness, made)
        service.withLock { $0 = made }
        try await made.delete("flow")
        try await harness.database.write { _ in }
        return (made, written.withLock { $0 })
    }

    private static func fill(_ harness: Harness, _ service: WorkflowService) async throws {
        try await harness.define(service)
        for number in 0...Limits.workflowExpiryBatchMax {
            _ = try await service.create(NewInstance(id: "i-\(number)", trigger: .api), of: "flow")
        }
        _ = try await service.terminateAll(of: "flow", nil)
    }

    /// Runs the engine's loop until nothing of the deleted workflow is left but `count` instances of others.
    private static func settle(_ harness: Harness, _ service: WorkflowService, leaves count: Int) async throws {
        try await harness.loop(service) { _ in try await until { try await instances(harness) == count } }
    }

    private static func instances(_ harness: Harness) async throws -> Int {
        try await harness.database.read { transaction in
            try transaction.row("SELECT COUNT(*) FROM workflow_instances", decode: { $0.int(0) }) ?? 0
        }
    }

    private static func until(_ fits: () async throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while try await !fits() {
            try #require(ContinuousClock.now < limit)
            await Task.yield()
        }
    }

    @Test("an instance that somebody creates meanwhile is refused, and the deletion goes on")
    func created() async throws {
        let harness = try Harness()
        let (service, written) = try await delete(harness) { service, transaction in
            try service.create(NewInstance(id: "late", trigger: .api), of: "flow", in: transaction)
        }
        let error = #expect(throws: FlareError.self) { try written?.get() }
        #expect(error?.code == .workflowNotFound)
        #expect(try await service.list(limit: 10, offset: 0).total == 0)
        #expect(try await service.allMetrics().isEmpty)
        try await Self.settle(harness, service, leaves: 0)
    }

    @Test("a deploy that comes meanwhile makes a new workflow, which keeps its triggers and instances")
    func deployed() async throws {
        let harness = try Harness()
        let (service, written) = try await delete(harness) { service, transaction in
            _ = try service.define("flow", worker: "worker", workerVersion: "v2", className: "Flow", in: transaction)
            try service.setSchedules(["0 * * * *"], of: .workflow("flow"), in: transaction)
            try service.create(NewInstance(id: "i-0", trigger: .api), of: "flow", in: transaction)
        }
        try #require(written).get()
        try await Self.settle(harness, service, leaves: 1)
        let body = try await service.get("flow")
        #expect(body.instances.values.reduce(0, +) == 1)
        #expect(body.schedules?.map(\.cron) == ["0 * * * *"])
        #expect(try await service.versions(of: "flow", limit: 10, offset: 0).count == 1)
    }

    @Test("what the engine had not deleted when it ended is deleted by the next one, and seen by nobody before")
    func cutOff() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await Self.fill(harness, service)
        let id = try await service.get("flow").id
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                CREATE TRIGGER stop BEFORE DELETE ON workflow_instances
                WHEN OLD.id = 'i-\(Limits.workflowExpiryBatchMax)' BEGIN SELECT RAISE(ABORT, 'stopped'); END
                """
            )
        }
        try await harness.loop(service) { service in
            try await service.delete("flow")
            try await Self.until { harness.complaints.count > 0 }
        }
        #expect(try await Self.instances(harness) == 1)
        for name in ["flow", id, "deleted/\(id)"] {
            let error = await #expect(throws: FlareError.self) { _ = try await service.get(name) }
            #expect(error?.code == .workflowNotFound)
        }
        try await harness.database.write { try $0.execute("DROP TRIGGER stop") }
        try await Self.settle(harness, harness.service { _ in "1" }, leaves: 0)
        let left = try await harness.database.read { transaction in
            try transaction.row("SELECT COUNT(*) FROM workflows", decode: { $0.int(0) })
        }
        #expect(left == 0)
    }
}

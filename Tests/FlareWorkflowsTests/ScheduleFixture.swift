import FlareModel
import FlareStore
import FlareTestSupport
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

/// Schedules on a clock that tests move: the workflow "flow" and the Worker "worker", whose handler is Swift code.
struct ScheduleFixture {
    /// What the `scheduled` handler makes of a call.
    typealias Handler = @Sendable (_ scheduledTime: Int, _ call: Int) async throws -> InvocationResult

    let harness: Harness
    let service: WorkflowService
    let calls: Calls

    /// The calls of the handler, as cron and scheduled time.
    final class Calls: Sendable {
        let all = Mutex<[(cron: String, time: Timestamp)]>([])

        var times: [Timestamp] { all.withLock { $0.map(\.time) } }
        var count: Int { all.withLock { $0.count } }
    }

    static let returned = InvocationResult(value: .object(["noRetry": .bool(false)]), body: [])

    static func threw(_ message: String, noRetry: Bool = false) -> InvocationResult {
        let error = JSONValue.object(["name": .string("Error"), "message": .string(message)])
        return InvocationResult(value: .object(["noRetry": .bool(noRetry), "failure": error]), body: [])
    }

    /// At 10:02 on 14 January 2026, a Wednesday.
    static func make(_ handler: @escaping Handler = { _, _ in returned }) async throws -> ScheduleFixture {
        let harness = try Harness(start: #require(Timestamp("2026-01-14T10:02:00Z")))
        let fixture = ScheduleFixture(harness: harness, handler)
        try await harness.define(fixture.service)
        return fixture
    }

    private init(harness: Harness, _ handler: @escaping Handler) {
        let calls = Calls()
        self.harness = harness
        self.calls = calls
        service = harness.service(invoke: { invocation in
            guard invocation.kind == .scheduled else {
                return InvocationResult(value: .object([:]), body: Array("\"done\"".utf8))
            }
            let time = invocation.header["scheduledTime"]?.integerValue ?? 0
            let count = calls.all.withLock { all in
                let moment = Timestamp(milliseconds: Int64(time))
                all.append((invocation.header["cron"]?.stringValue ?? "", moment))
                return all.count
            }
            return try await handler(time, count)
        })
    }

    /// The same database after the end of its engine, with another handler.
    func reopened(_ handler: @escaping Handler = { _, _ in returned }) -> ScheduleFixture {
        ScheduleFixture(harness: harness, handler)
    }

    func set(_ text: String) throws {
        let time = try #require(Timestamp(text))
        harness.time.advance(by: time - harness.time.now())
    }

    /// Runs the loop of schedules while `body` runs, and ends it as a stop of the engine does.
    func loop(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.scheduleLoop.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Lets the loop do what is due and waits until it has.
    func settle(_ what: String = "the schedules are settled") async throws {
        try await waitUntil(what) { [service, harness] in
            try await service.store.database.read { transaction in
                let now = harness.time.now()
                return try ScheduleRecord.due(at: now, limit: 1, in: transaction).isEmpty
            }
        }
    }

    /// The ids of the instances of "flow", oldest first.
    func instances() async throws -> [String] {
        var filter = InstanceFilter()
        filter.ascending = true
        filter.limit = 10_000
        return try await service.instances(of: "flow", filter).page.map(\.id)
    }

    func trigger() async throws -> TriggerBody {
        try #require(try await service.schedules(of: .workflow("flow")).first)
    }

    func runs() async throws -> [ScheduledRunBody] {
        try await service.scheduledRuns(of: .worker("worker"), limit: 100)
    }
}

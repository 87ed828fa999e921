import FlareModel
import FlareStore
import FlareWorkers
import Logging
import ServiceLifecycle
import Testing

@testable import FlareWorkflows

@Suite("Counting what workflows do", .timeLimit(.minutes(5)))
struct MetricsTests {
    private static let retrying = JSONValue.object([
        "retries": .object(["limit": .integer(2), "delayMs": .integer(10), "backoff": .string("constant")])
    ])

    /// A retried step, one that fails for good, one that times out once, two sleeps, an event and one that never comes.
    private static func script(_ step: FakeStep) async throws -> String {
        _ = try await step.run("flaky", config: retrying) { attempt in
            if attempt < 3 { throw JavaScriptError.thrown("not yet") }
            return "1"
        }
        _ = try await step.run("late", config: retrying) { attempt in
            if attempt == 1 { throw JavaScriptError(name: "WorkflowTimeoutError", message: "too slow") }
            return "1"
        }
        do {
            _ = try await step.run("doomed-1", config: retrying) { _ in throw JavaScriptError.thrown("never") }
        } catch is JavaScriptError {}
        try await step.sleep("nap", milliseconds: 400)
        try await step.sleep("nap", milliseconds: 3_000)
        _ = try await step.wait("sign", type: "go", milliseconds: 3_600_000)
        do {
            _ = try await step.wait("sign", type: "never", milliseconds: 1_000)
        } catch is JavaScriptError {}
        return "1"
    }

    private static func check(_ metrics: WorkflowMetricsBody, times: Int, _ place: SourceLocation = #_sourceLocation) {
        let labels = metrics.labels
        let names = labels.map { "\($0.type) \($0.label)" }
        let expected = ["step flaky", "step late", "step doomed-1", "sleep nap", "waitForEvent sign"]
        #expect(names == expected, sourceLocation: place)
        guard labels.count == 5 else { return }
        #expect(labels.map(\.runs) == [1, 1, 1, 2, 2].map { $0 * times }, sourceLocation: place)
        #expect(labels.map(\.failed) == [0, 0, 1, 0, 1].map { $0 * times }, sourceLocation: place)
        #expect(labels.map(\.retries) == [2, 1, 2, 0, 0].map { $0 * times }, sourceLocation: place)
        #expect(labels[0].attempts == ["failed": 2 * times, "complete": times], sourceLocation: place)
        #expect(labels[1].attempts == ["timed_out": times, "complete": times], sourceLocation: place)
        #expect(labels[2].attempts == ["failed": 3 * times], sourceLocation: place)
        #expect(labels[4].outcomes == ["complete": times, "timed_out": times], sourceLocation: place)
        #expect(labels[3].durations.min >= 0.4 && labels[3].durations.max >= 3, sourceLocation: place)
        #expect(labels[3].durations.total >= 3.4 * Double(times), sourceLocation: place)
        #expect(metrics.runs.map(\.outcome) == ["complete"], sourceLocation: place)
        #expect(metrics.runs.map(\.count) == [times], sourceLocation: place)
    }

    @Test("steps, attempts, retries, sleeps and waits are counted exactly, for the workflow and for each instance")
    func exact() async throws {
        let harness = try Harness()
        let service = harness.service(Self.script)
        try await harness.run(service) { service in
            _ = try await service.sendEvent("go", payload: Array("1".utf8), to: "one", of: "flow")
            try await harness.until(service, advance: .milliseconds(20)) { $0.status.isFinal }
            Self.check(try await service.metrics(of: "flow"), times: 1)

            _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
            #expect(try await service.metrics(of: "flow").unfinished.values.reduce(0, +) == 1)
            _ = try await service.sendEvent("go", payload: Array("1".utf8), to: "two", of: "flow")
            try await harness.until(service, "two", advance: .milliseconds(20)) { $0.status.isFinal }
            let both = try await service.metrics(of: "flow")
            Self.check(both, times: 2)
            #expect(both.unfinished.isEmpty)
            for id in ["one", "two"] {
                let metrics = try await service.metrics(of: "flow", instance: id)
                #expect(metrics.instanceID == id)
                Self.check(metrics, times: 1)
            }
        }
    }

    @Test("an engine that starts anew knows what was saved, and counts what was not from the log")
    func restored() async throws {
        let harness = try Harness()
        let first = harness.service(Self.script)
        try await harness.run(first) { service in
            _ = try await service.sendEvent("go", payload: Array("1".utf8), to: "one", of: "flow")
            try await harness.until(service, advance: .milliseconds(20)) { $0.steps.count >= 4 }
            try await service.metrics.save()
            try await harness.until(service, advance: .milliseconds(20)) { $0.status.isFinal }
        }
        // Nothing was saved at its end: this is what kill -9 leaves.
        let second = harness.service(Self.script)
        let metrics = try await second.metrics(of: "flow")
        Self.check(metrics, times: 1)
        try await second.metrics.save()
        let third = harness.service(Self.script)
        let saved = try await third.metrics(of: "flow")
        #expect(saved.labels == metrics.labels && saved.runs == metrics.runs)
    }

    @Test("what was counted is saved by itself, and at a stop of the engine at once")
    func stops() async throws {
        let harness = try Harness()
        let service = harness.service { try await $0.run("a") { _ in "1" } }
        let saved: @Sendable (Int) async throws -> Bool = { wanted in
            try await harness.database.read { try MetricRecord.list(in: $0) }.values.joined().map(\.count)
                == [wanted, wanted, wanted]
        }
        let logger = Logger(label: "test")
        try await harness.run(service) { service in
            let group = ServiceGroup(services: [service.metricsSaver], logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await harness.until(service) { $0.status.isFinal }
                while try await !saved(1) { harness.time.advance(by: .seconds(1)) }
                _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
                try await harness.until(service, "two") { $0.status.isFinal }
                // The pause before the next save does not end: the clock stands still.
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(try await saved(2))
        }
    }

    @Test("an instance that is deleted stays counted, and the next one is counted too")
    func deleted() async throws {
        let harness = try Harness()
        let service = harness.service { try await $0.run("a") { _ in "1" } }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.status.isFinal }
            #expect(try await service.metrics(of: "flow").labels.map(\.runs) == [1])
            // The numbers of its lines were the largest of the log.
            try await harness.database.write { try $0.execute("DELETE FROM workflow_instances WHERE id = 'one'") }
            _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
            try await harness.until(service, "two") { $0.status.isFinal }
            let metrics = try await service.metrics(of: "flow")
            #expect(metrics.labels.map(\.runs) == [2])
            #expect(metrics.runs.map(\.count) == [2])
        }
    }

    @Test("a workflow that is deleted takes its counts along, and a new one of its name begins anew")
    func deletedWorkflow() async throws {
        let harness = try Harness()
        let service = harness.service { try await $0.run("a") { _ in "1" } }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.status.isFinal }
            try await service.metrics.save()
            try await service.delete("flow")
            try await harness.define(service)
            #expect(try await service.metrics(of: "flow").labels.isEmpty)
            _ = try await service.create(NewInstance(id: "one", trigger: .api), of: "flow")
            try await harness.until(service) { $0.status.isFinal }
            try await service.metrics.save()
            #expect(try await service.allMetrics().flatMap { $0.series.map(\.count) } == [1, 1, 1])
        }
    }

    @Test("labels past the bound are counted together, after a restart too")
    func bounded() {
        var counts = WorkflowCounts(labelsMax: 2)
        for label in ["a", "b", "c", "d", "a"] {
            counts.add(MetricEnd(kind: .step, label: label, outcome: "complete", milliseconds: 1))
        }
        #expect(counts.series.map(\.key.label) == ["a", "b", "(other)"])
        #expect(counts.series.map(\.count) == [2, 1, 2])
        var restored = WorkflowCounts(counts.series, labelsMax: 2)
        restored.add(MetricEnd(kind: .step, label: "c", outcome: "complete"))
        #expect(restored.series.map(\.count) == [2, 1, 3])
    }

    @Test("a quantile is the bound of its bucket, and never more than the longest")
    func quantiles() {
        var durations = DurationCounts()
        #expect(durations.quantile(0.5) == 0)
        for milliseconds: Int64 in [3, 3, 3, 700] { durations.add(milliseconds: milliseconds) }
        #expect(durations.quantile(0.5) == 5)
        #expect(durations.quantile(0.99) == 700)
        #expect([durations.min, durations.max, durations.sum] == [3, 700, 709])
        var other = DurationCounts()
        other.add(milliseconds: 604_800_001)
        other.add(milliseconds: -5)
        durations.add(other)
        #expect(durations.count == 6)
        #expect(durations.quantile(1) == 604_800_001)
        #expect(durations.min == 0)
    }
}

package import FlareModel
import FlareStore

/// What one workflow has counted, for Prometheus.
package struct WorkflowMetricsSnapshot: Sendable {
    package var name: String
    /// Instances that have not ended, by status.
    package var unfinished: [InstanceStatus: Int]
    /// In the order in which they were first seen.
    package var series: [MetricSeries]
}

extension WorkflowService {
    /// The loop that saves what is counted.
    ///
    /// Stops after the scheduler, so that it saves the last of it.
    package var metricsSaver: WorkflowMetricsSaver { WorkflowMetricsSaver(store: store, metrics: metrics) }

    /// What a workflow has counted in its life; with an instance, what that one has.
    package func metrics(of name: String, instance id: String? = nil) async throws -> WorkflowMetricsBody {
        if let id { return try await metrics(of: name, instanceID: id) }
        let workflow = try await store.database.read { try self.workflow(name, in: $0) }
        let series = try await metrics.series(of: workflow.id)
        let unfinished = try await store.database.read { try MetricRecord.unfinished(in: $0) }[workflow.id] ?? [:]
        var body = WorkflowMetricsBody(name: workflow.name, time: now)
        body.unfinished = Dictionary(uniqueKeysWithValues: unfinished.map { ($0.key.rawValue, $0.value) })
        body.add(series)
        return body
    }

    private func metrics(of name: String, instanceID id: String) async throws -> WorkflowMetricsBody {
        let (workflow, instance) = try await store.database.read { transaction in
            (try self.workflow(name, in: transaction), try self.instance(id, of: name, in: transaction))
        }
        var counts = WorkflowCounts(labelsMax: Limits.workflowInstanceMetricLabelsMax)
        var cursor: Int64 = 0
        let limit = Limits.workflowMetricsPageMax
        while true {
            let lines = try await store.database.read { [cursor] transaction in
                try MetricLineRecord.list(of: instance.sequence, after: cursor, limit: limit, in: transaction)
            }
            for line in lines { counts.add(line.end) }
            guard lines.count == limit, let last = lines.last else { break }
            cursor = last.sequence
        }
        var body = WorkflowMetricsBody(name: workflow.name, time: now)
        body.instanceID = instance.id
        body.unfinished = instance.status.isFinal ? [:] : [instance.status.rawValue: 1]
        body.add(counts.series)
        return body
    }

    /// What all workflows have counted, by name.
    package func allMetrics() async throws -> [WorkflowMetricsSnapshot] {
        let series = try await metrics.all()
        let unfinished = try await store.database.read { try MetricRecord.unfinished(in: $0) }
        let names = try await store.database.read { try MetricRecord.workflows(in: $0) }
        return names.map { id, name in
            WorkflowMetricsSnapshot(name: name, unfinished: unfinished[id] ?? [:], series: series[id] ?? [])
        }
    }
}

extension WorkflowMetricsBody {
    /// Joins the series of each label, over the ways in which it ended.
    fileprivate mutating func add(_ series: [MetricSeries]) {
        var durations: [Int: DurationCounts] = [:]
        for one in series {
            let kind = one.key.kind
            if kind == .run {
                var run = Run(outcome: one.key.outcome, count: one.count)
                run.durations = one.durations.body
                runs.append(run)
                continue
            }
            let index = place(of: one.key.label, kind.typeName)
            switch kind {
            case .attempt, .rollbackAttempt:
                labels[index].attempts[one.key.outcome, default: 0] += one.count
                labels[index].retries += one.retries
            case .run, .step, .sleep, .wait, .rollback:
                labels[index].runs += one.count
                if one.key.outcome != "complete" { labels[index].failed += one.count }
                labels[index].outcomes[one.key.outcome, default: 0] += one.count
                durations[index, default: DurationCounts()].add(one.durations)
            }
        }
        for (index, counts) in durations { labels[index].durations = counts.body }
    }

    private mutating func place(of label: String, _ type: String) -> Int {
        if let index = labels.firstIndex(where: { $0.label == label && $0.type == type }) { return index }
        labels.append(Label(label: label, type: type))
        return labels.count - 1
    }
}

extension MetricKind {
    /// What entries of an instance's `steps` call it.
    fileprivate var typeName: String {
        switch self {
        case .run: "run"
        case .step, .attempt: "step"
        case .sleep: "sleep"
        case .wait: "waitForEvent"
        case .rollback, .rollbackAttempt: "rollback"
        }
    }
}

extension DurationCounts {
    /// The counts as the API shows them, in seconds.
    fileprivate var body: WorkflowMetricsBody.Durations {
        guard count > 0 else { return WorkflowMetricsBody.Durations() }
        func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1_000 }
        return WorkflowMetricsBody.Durations(
            total: seconds(sum),
            min: seconds(min),
            max: seconds(max),
            p50: seconds(quantile(0.5)),
            p99: seconds(quantile(0.99))
        )
    }
}

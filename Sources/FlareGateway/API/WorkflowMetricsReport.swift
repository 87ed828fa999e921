import FlareModel
import FlareWorkflows

/// What workflows have counted, as Prometheus reads it.
struct WorkflowMetricsReport {
    let workflows: WorkflowService

    /// Writes the numbers of all workflows.
    ///
    /// Their labels are bounded: `Limits.workflowMetricLabelsMax`.
    func write(to text: inout MetricsText) async throws {
        let all = try await workflows.allMetrics()
        text.family("flare_workflow_instances", .gauge, "Instances that have not ended.") { family in
            for workflow in all {
                for status in InstanceStatus.allCases where !status.isFinal {
                    let labels = [("workflow", workflow.name), ("status", status.rawValue)]
                    family.add(workflow.unfinished[status] ?? 0, labels)
                }
            }
        }
        for kind in MetricKind.allCases { writeDurations(of: kind, all, to: &text) }
        let help = "Failed attempts of a step that were followed by another one."
        text.family("flare_workflow_retries_total", .counter, help) { family in
            for workflow in all {
                for (label, retries) in Self.retries(workflow) {
                    family.add(retries, [("workflow", workflow.name), ("label", label)])
                }
            }
        }
    }

    private func writeDurations(
        of kind: MetricKind,
        _ all: [WorkflowMetricsSnapshot],
        to text: inout MetricsText
    ) {
        let bounds = DurationCounts.bounds.map { Double($0) / 1_000 }
        let name = "flare_workflow_\(kind.rawValue)_duration_seconds"
        text.family(name, .histogram, Self.help(kind)) { family in
            for workflow in all {
                for series in workflow.series where series.key.kind == kind {
                    var labels = [("workflow", workflow.name)]
                    if kind != .run { labels.append(("label", series.key.label)) }
                    labels.append(("outcome", series.key.outcome))
                    let durations = series.durations
                    family.add(bounds: bounds, counts: durations.buckets, sum: Double(durations.sum) / 1_000, labels)
                }
            }
        }
    }

    /// Of each label, over the ways in which its attempts ended.
    private static func retries(_ workflow: WorkflowMetricsSnapshot) -> [(String, Int)] {
        var result: [(String, Int)] = []
        var places: [String: Int] = [:]
        for series in workflow.series where series.key.kind == .attempt {
            let label = series.key.label
            let place = places[label] ?? result.count
            if place == result.count {
                places[label] = place
                result.append((label, 0))
            }
            result[place].1 += series.retries
        }
        return result
    }

    private static func help(_ kind: MetricKind) -> String {
        switch kind {
        case .run: "How long runs of instances took, by how they ended."
        case .step: "How long steps took with all their attempts, by how they ended."
        case .attempt: "How long attempts of steps took, by how they ended."
        case .sleep: "How long steps slept."
        case .wait: "How long steps waited for an event, by whether it came."
        case .rollback: "How long rollback handlers took with all their attempts, by how they ended."
        case .rollbackAttempt: "How long attempts of rollback handlers took, by how they ended."
        }
    }
}

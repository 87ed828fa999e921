import FlareModel

/// What is counted of workflows.
package enum MetricKind: String, Sendable, CaseIterable {
    /// From the start of a run to its end.
    case run
    /// From the first time a step is asked for to its end, with all attempts and the time between them.
    case step
    case attempt
    case sleep, wait
    /// The handlers that undo steps.
    case rollback
    case rollbackAttempt = "rollback_attempt"
}

/// The end of something that is counted.
struct MetricEnd: Sendable, Hashable {
    var kind: MetricKind
    /// The step's name; empty for runs.
    var label: String
    var outcome: String
    /// Whether a failed attempt is followed by another one.
    var isRetried = false
    /// Nil when its start is not known.
    var milliseconds: Int64?
}

/// What has ended under one label of a workflow in one way.
package struct MetricSeries: Sendable, Hashable {
    /// What tells one series of a workflow from another.
    package struct Key: Sendable, Hashable {
        package var kind: MetricKind
        package var label: String
        package var outcome: String
    }

    package var key: Key
    package var count = 0
    package var retries = 0
    package var durations = DurationCounts()
}

/// All that is counted of one workflow, or of one instance.
struct WorkflowCounts: Sendable {
    /// The label of all that came after the bound on labels was reached.
    static let otherLabel = "(other)"

    /// In the order in which they were first seen.
    private(set) var series: [MetricSeries] = []
    private let labelsMax: Int
    private var places: [MetricSeries.Key: Int] = [:]
    private var labels: Set<String> = []

    /// Labels are names in user code; without a bound, one made of data would fill the memory.
    init(_ series: [MetricSeries] = [], labelsMax: Int = Limits.workflowMetricLabelsMax) {
        self.labelsMax = labelsMax
        for one in series { insert(one) }
    }

    /// Counts an end.
    ///
    /// Returns the series that it belongs to.
    @discardableResult
    mutating func add(_ end: MetricEnd) -> MetricSeries.Key {
        let isKnown = labels.contains(end.label) || labels.count < labelsMax
        let label = isKnown ? end.label : Self.otherLabel
        let key = MetricSeries.Key(kind: end.kind, label: label, outcome: end.outcome)
        let place = places[key] ?? insert(MetricSeries(key: key))
        series[place].count += 1
        if end.isRetried { series[place].retries += 1 }
        if let milliseconds = end.milliseconds { series[place].durations.add(milliseconds: milliseconds) }
        return key
    }

    subscript(key: MetricSeries.Key) -> MetricSeries? { places[key].map { series[$0] } }

    @discardableResult
    private mutating func insert(_ one: MetricSeries) -> Int {
        if one.key.label != Self.otherLabel { labels.insert(one.key.label) }
        series.append(one)
        places[one.key] = series.count - 1
        return series.count - 1
    }
}

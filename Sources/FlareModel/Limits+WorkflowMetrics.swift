extension Limits {
    /// Names of steps that are counted apart in one workflow's metrics.
    ///
    /// All that come later are counted together, so that a name made of data fills neither the memory nor a scraper's.
    package static let workflowMetricLabelsMax = 100

    /// The same for the metrics of one instance, which nobody keeps.
    package static let workflowInstanceMetricLabelsMax = 1_000

    /// How long after a change the metrics of workflows are saved, in milliseconds.
    package static let workflowMetricsSaveMilliseconds: Int64 = 2_000

    /// Lines of the log that are counted at once.
    package static let workflowMetricsPageMax = 2_000
}

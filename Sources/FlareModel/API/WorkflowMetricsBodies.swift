/// What a workflow has counted in its life, or one instance of it.
package struct WorkflowMetricsBody: Codable, Sendable {
    /// How long things took, in seconds.
    package struct Durations: Codable, Sendable, Hashable {
        package var total: Double
        package var min: Double
        package var max: Double
        /// What half of them, and 99 of 100, did not exceed: the upper bound of a bucket of the histogram.
        package var p50: Double
        package var p99: Double

        package init(total: Double = 0, min: Double = 0, max: Double = 0, p50: Double = 0, p99: Double = 0) {
            self.total = total
            self.min = min
            self.max = max
            self.p50 = p50
            self.p99 = p99
        }
    }

    /// Runs that ended in one way: complete, errored or terminated.
    package struct Run: Codable, Sendable, Hashable {
        package var outcome: String
        package var count: Int
        package var durations = Durations()

        package init(outcome: String, count: Int) {
            self.outcome = outcome
            self.count = count
        }

        enum CodingKeys: String, CodingKey {
            case outcome, count
            case durations = "duration_seconds"
        }
    }

    /// All steps, sleeps or waits of one name.
    package struct Label: Codable, Sendable, Hashable {
        package var label: String
        /// `step`, `sleep`, `waitForEvent` or `rollback`.
        package var type: String
        /// How often it ended.
        package var runs = 0
        /// Of these, how often other than complete.
        package var failed = 0
        /// Attempts that failed and were followed by another one.
        package var retries = 0
        /// `runs` by how they ended: complete, failed, timed_out.
        package var outcomes: [String: Int] = [:]
        /// Attempts of steps by how they ended: complete, failed, timed_out, interrupted.
        package var attempts: [String: Int] = [:]
        /// From the first attempt to the end, with the time between attempts.
        package var durations = Durations()

        package init(label: String, type: String) {
            self.label = label
            self.type = type
        }

        enum CodingKeys: String, CodingKey {
            case label, type, runs, failed, retries, outcomes, attempts
            case durations = "duration_seconds"
        }
    }

    package var name: String
    /// Absent when the numbers are those of the whole workflow.
    package var instanceID: String?
    package var time: Timestamp
    /// Instances that have not ended, by status.
    package var unfinished: [String: Int] = [:]
    package var runs: [Run] = []
    /// In the order in which they were first seen.
    package var labels: [Label] = []

    package init(name: String, time: Timestamp) {
        self.name = name
        self.time = time
    }

    enum CodingKeys: String, CodingKey {
        case name, time, unfinished, runs, labels
        case instanceID = "instance_id"
    }
}

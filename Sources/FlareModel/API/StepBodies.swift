/// How the attempts of a step are repeated and bounded.
///
/// The first one seen is kept for the life of the run.
package struct StepConfig: Codable, Sendable, Hashable {
    /// How the delay grows from one retry to the next.
    package enum Backoff: String, Codable, Sendable {
        case constant, linear, exponential
    }

    /// What happens after a failed attempt.
    package struct Retries: Codable, Sendable, Hashable {
        /// Attempts after the first one.
        package var limit: Int
        /// Milliseconds before the first retry.
        package var delay: Int64
        package var backoff: Backoff

        package init(limit: Int, delay: Int64, backoff: Backoff) {
            self.limit = limit
            self.delay = delay
            self.backoff = backoff
        }
    }

    package var retries: Retries
    /// Milliseconds that each attempt may take.
    package var timeout: Int64

    package init(retries: Retries, timeout: Int64) {
        self.retries = retries
        self.timeout = timeout
    }

    /// Five retries from one second on, doubling; ten minutes for each attempt.
    package static let standard = StepConfig(
        retries: Retries(limit: 5, delay: 1_000, backoff: .exponential),
        timeout: 600_000
    )
}

/// One attempt of a step.
package struct StepAttemptBody: Codable, Sendable {
    package var start: Timestamp
    @Nullable package var end: Timestamp?
    @Nullable package var success: Bool?
    /// Why it failed, or that the engine or the process went away under it.
    @Nullable package var error: StepErrorBody?

    package init(start: Timestamp, end: Timestamp?, success: Bool?, error: StepErrorBody?) {
        self.start = start
        _end = Nullable(wrappedValue: end)
        _success = Nullable(wrappedValue: success)
        _error = Nullable(wrappedValue: error)
    }
}

/// One entry of an instance's `steps`: `step`, `sleep`, `waitForEvent` or `termination`.
package struct StepBody: Codable, Sendable {
    package var type: String
    /// The step's name with its occurrence, `read objects-1`.
    ///
    /// Absent for a termination.
    package var name: String?
    package var start: Timestamp?
    package var end: Timestamp?
    package var success: Bool?
    /// Of sleeps and waits: whether they are over.
    package var finished: Bool?
    package var output: JSONValue?
    package var error: StepErrorBody?
    package var config: StepConfig?
    package var attempts: [StepAttemptBody]?
    /// When a sleep ends, a wait gives up or the next attempt begins.
    package var dueAt: Timestamp?
    package var trigger: InstanceDetailBody.Trigger?
    /// The run that this result was kept from; absent when the step ran in the run that is shown.
    package var keptFrom: Int?
    /// True when the result was given with the replay instead of by the step.
    package var isPatched: Bool?
    /// Of waits: the type of the event.
    package var eventType: String?

    package init(type: String, name: String? = nil) {
        self.type = type
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case type, name, start, end, success, finished, output, error, config, attempts, trigger
        case dueAt = "due_at"
        case keptFrom = "kept_from"
        case isPatched = "is_patched"
        case eventType = "event_type"
    }
}

/// One step asked for by its name: the step, and in a word where it stands.
package struct StepStandingBody: Codable, Sendable {
    package var step: StepBody
    package var status: InstanceStatus

    package init(step: StepBody, status: InstanceStatus) {
        self.step = step
        self.status = status
    }

    private enum CodingKeys: String, CodingKey { case status }

    package init(from decoder: any Decoder) throws {
        step = try StepBody(from: decoder)
        status = try decoder.container(keyedBy: CodingKeys.self).decode(InstanceStatus.self, forKey: .status)
    }

    package func encode(to encoder: any Encoder) throws {
        try step.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
    }
}

/// One line of an instance's log: what happened to it, or what its code printed.
///
/// Follows resume after `cursor`.
package struct InstanceLogBody: Codable, Sendable {
    package var cursor: Int64
    package var timestamp: Timestamp
    package var run: Int
    /// `workflow_queued`, `step_started`, `attempt_errored`, `console` and so on.
    package var type: String
    package var step: String?
    package var attempt: Int?
    /// Of console lines: `log`, `info`, `warn`, `error` or `debug`.
    package var level: String?
    package var message: String?
    package var error: StepErrorBody?
    /// When the next attempt begins, or a sleep ends.
    package var dueAt: Timestamp?

    package init(cursor: Int64, timestamp: Timestamp, run: Int, type: String) {
        self.cursor = cursor
        self.timestamp = timestamp
        self.run = run
        self.type = type
    }

    enum CodingKeys: String, CodingKey {
        case cursor, timestamp, run, type, step, attempt, level, message, error
        case dueAt = "due_at"
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// One line of an instance's history.
///
/// Written in the transaction of what it tells of, and never removed or changed.
struct LogRecord: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case workflowQueued = "workflow_queued"
        case workflowRunning = "workflow_running"
        case workflowWaiting = "workflow_waiting"
        case workflowInterrupted = "workflow_interrupted"
        case workflowCompleted = "workflow_completed"
        case workflowErrored = "workflow_errored"
        case workflowTerminated = "workflow_terminated"
        case workflowWaitingForPause = "workflow_waiting_for_pause"
        case workflowPaused = "workflow_paused"
        case workflowResumed = "workflow_resumed"
        case workflowReplayed = "workflow_replayed"
        case stepStarted = "step_started"
        case stepCompleted = "step_completed"
        case stepErrored = "step_errored"
        case attemptStarted = "attempt_started"
        case attemptCompleted = "attempt_completed"
        case attemptErrored = "attempt_errored"
        case attemptTimedOut = "attempt_timed_out"
        case attemptInterrupted = "attempt_interrupted"
        case sleepStarted = "sleep_started"
        case sleepCompleted = "sleep_completed"
        case waitStarted = "wait_started"
        case waitCompleted = "wait_completed"
        case waitTimedOut = "wait_timed_out"
        case rollbackStarted = "rollback_started"
        case rollbackCompleted = "rollback_completed"
        case rollbackFailed = "rollback_failed"
        case rollbackStepStarted = "rollback_step_started"
        case rollbackStepCompleted = "rollback_step_completed"
        case rollbackStepErrored = "rollback_step_errored"
        case rollbackAttemptStarted = "rollback_attempt_started"
        case rollbackAttemptCompleted = "rollback_attempt_completed"
        case rollbackAttemptErrored = "rollback_attempt_errored"
        case rollbackAttemptTimedOut = "rollback_attempt_timed_out"
        case rollbackAttemptInterrupted = "rollback_attempt_interrupted"
        case eventReceived = "event_received"
        case console
        case warning
    }

    var kind: Kind
    var step: String?
    var attempt: Int?
    var level: String?
    var message: String?
    var error: JavaScriptError?
    var dueAt: Timestamp?

    init(
        _ kind: Kind,
        step: String? = nil,
        attempt: Int? = nil,
        level: String? = nil,
        message: String? = nil,
        error: JavaScriptError? = nil,
        dueAt: Timestamp? = nil
    ) {
        self.kind = kind
        self.step = step
        self.attempt = attempt
        self.level = level
        self.message = message
        self.error = error
        self.dueAt = dueAt
    }

    func insert(into run: RunKey, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_log (instance, run, at, type, step, attempt, level, message, error, due_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .integer(now.milliseconds),
            .text(kind.rawValue),
            SQLValue(step),
            SQLValue(attempt),
            SQLValue(level),
            SQLValue(message),
            error.map { .blob($0.json.jsonBytes) } ?? .null,
            dueAt.map { .integer($0.milliseconds) } ?? .null
        )
    }

    /// Writes the four lines of a step whose first attempt succeeds.
    static func insertStep(
        _ label: String,
        into run: RunKey,
        from begin: Timestamp,
        to end: Timestamp,
        in transaction: Transaction
    ) throws {
        let (instance, run) = (SQLValue.integer(run.instance), SQLValue.integer(Int64(run.run)))
        let (from, to) = (SQLValue.integer(begin.milliseconds), SQLValue.integer(end.milliseconds))
        try transaction.execute(
            """
            INSERT INTO workflow_log (instance, run, at, type, step, attempt)
            VALUES (?, ?, ?, 'step_started', ?, NULL), (?, ?, ?, 'attempt_started', ?, 1),
                (?, ?, ?, 'attempt_completed', ?, 1), (?, ?, ?, 'step_completed', ?, NULL)
            """,
            [
                instance, run, from, .text(label), instance, run, from, .text(label),
                instance, run, to, .text(label), instance, run, to, .text(label),
            ]
        )
    }

    /// Lines of an instance after a cursor, over all its runs.
    static func list(
        of instance: Int64,
        after cursor: Int64,
        _ filter: InstanceLogFilter = InstanceLogFilter(),
        limit: Int,
        in transaction: Transaction
    ) throws -> [InstanceLogBody] {
        let (condition, arguments) = filter.condition
        return try transaction.rows(
            """
            SELECT seq, at, run, type, step, attempt, level, message, error, due_at FROM workflow_log
            WHERE instance = ? AND seq > ?\(condition) ORDER BY seq LIMIT ?
            """,
            [.integer(instance), .integer(cursor)] + arguments + [.integer(Int64(limit))],
            decode: { row in
                var line = InstanceLogBody(
                    cursor: row.integer(0),
                    timestamp: row.time(1),
                    run: row.int(2),
                    type: row.text(3)
                )
                line.step = row.optionalText(4)
                line.attempt = row.optionalInt(5)
                line.level = row.optionalText(6)
                line.message = row.optionalText(7)
                line.error = try storedError(row, 8)?.body
                line.dueAt = row.optionalTime(9)
                return line
            }
        )
    }

    /// The number of an instance's last line; 0 without any.
    static func last(of instance: Int64, in transaction: Transaction) throws -> Int64 {
        try transaction.row(
            "SELECT MAX(seq) FROM workflow_log WHERE instance = ?",
            .integer(instance),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// The warnings of a run.
    static func warnings(of run: RunKey, in transaction: Transaction) throws -> [String] {
        try transaction.rows(
            """
            SELECT message FROM workflow_log
            WHERE instance = ? AND run = ? AND type = 'warning' ORDER BY seq LIMIT 100
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.text(0) }
        )
    }
}

extension JavaScriptError {
    /// The error as the API shows it.
    var body: StepErrorBody {
        StepErrorBody(name: name, message: message, stack: stack)
    }
}

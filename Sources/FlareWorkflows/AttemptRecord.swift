import FlareModel
import FlareStore
import FlareWorkers

/// One attempt of a `do` step.
struct AttemptRecord: Sendable {
    enum Outcome: String, Sendable {
        /// Runs, or was cut off before its end could be written.
        case open
        case complete, failed
        case timedOut = "timed_out"
        case interrupted
    }

    var step: Int64
    var number: Int
    var startedAt: Timestamp
    var endedAt: Timestamp?
    var outcome: Outcome
    var error: JavaScriptError?

    /// All attempts of a run's steps, by step.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [Int64: [AttemptRecord]] {
        let attempts = try transaction.rows(
            """
            SELECT a.step, a.attempt, a.started_at, a.ended_at, a.outcome, a.error
            FROM workflow_steps s JOIN workflow_attempts a ON a.step = s.seq
            WHERE s.instance = ? AND s.run = ? ORDER BY a.step, a.attempt
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { row in
                AttemptRecord(
                    step: row.integer(0),
                    number: row.int(1),
                    startedAt: row.time(2),
                    endedAt: row.optionalTime(3),
                    outcome: Outcome(rawValue: row.text(4)) ?? .open,
                    error: try storedError(row, 5)
                )
            }
        )
        return Dictionary(grouping: attempts, by: \.step)
    }

    static func begin(_ number: Int, of step: Int64, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO workflow_attempts (step, attempt, started_at, outcome) VALUES (?, ?, ?, 'open')",
            .integer(step),
            .integer(Int64(number)),
            .integer(now.milliseconds)
        )
    }

    /// Inserts the only attempt of a step, which has succeeded.
    static func insertComplete(
        of step: Int64,
        from begin: Timestamp,
        to end: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_attempts (step, attempt, started_at, ended_at, outcome)
            VALUES (?, 1, ?, ?, 'complete')
            """,
            .integer(step),
            .integer(begin.milliseconds),
            .integer(end.milliseconds)
        )
    }

    static func end(
        _ number: Int,
        of step: Int64,
        _ outcome: Outcome,
        _ error: JavaScriptError?,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE workflow_attempts SET ended_at = ?, outcome = ?, error = ? WHERE step = ? AND attempt = ?",
            .integer(now.milliseconds),
            .text(outcome.rawValue),
            error.map { .blob($0.json.jsonBytes) } ?? .null,
            .integer(step),
            .integer(Int64(number))
        )
    }
}

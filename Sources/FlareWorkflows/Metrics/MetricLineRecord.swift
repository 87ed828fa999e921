import FlareStore

/// A line of the log that tells of an end, with what it counts for.
struct MetricLineRecord: Sendable {
    /// Its number in the log.
    var sequence: Int64
    var workflowID: String
    var end: MetricEnd

    /// What the types of lines count for; all others count for nothing.
    private static let meanings: [String: (kind: MetricKind, outcome: String)] = [
        "workflow_completed": (.run, "complete"),
        "workflow_errored": (.run, "errored"),
        "workflow_terminated": (.run, "terminated"),
        "step_completed": (.step, "complete"),
        "step_errored": (.step, "failed"),
        "attempt_completed": (.attempt, "complete"),
        "attempt_errored": (.attempt, "failed"),
        "attempt_timed_out": (.attempt, "timed_out"),
        "attempt_interrupted": (.attempt, "interrupted"),
        "sleep_completed": (.sleep, "complete"),
        "wait_completed": (.wait, "complete"),
        "wait_timed_out": (.wait, "timed_out"),
        "rollback_step_completed": (.rollback, "complete"),
        "rollback_step_errored": (.rollback, "failed"),
        "rollback_attempt_completed": (.rollbackAttempt, "complete"),
        "rollback_attempt_errored": (.rollbackAttempt, "failed"),
        "rollback_attempt_timed_out": (.rollbackAttempt, "timed_out"),
        "rollback_attempt_interrupted": (.rollbackAttempt, "interrupted"),
    ]

    /// A line names its step as `name-occurrence`; the step's kind is the first word of its type.
    ///
    /// The times of beginnings are in the rows of runs, steps and attempts, so that the log need not repeat them.
    private static let query = """
        SELECT l.seq, i.workflow_id, l.type,
            substr(rtrim(l.step, '0123456789'), 1, length(rtrim(l.step, '0123456789')) - 1),
            l.due_at IS NOT NULL,
            l.at - CASE
                WHEN l.step IS NULL THEN r.started_at
                WHEN l.attempt IS NULL THEN s.started_at
                ELSE a.started_at END
        FROM workflow_log l CROSS JOIN workflow_instances i ON i.seq = l.instance
        LEFT JOIN workflow_runs r ON l.step IS NULL AND r.instance = l.instance AND r.run = l.run
        LEFT JOIN workflow_steps s ON s.instance = l.instance AND s.run = l.run
            AND s.kind = CASE substr(l.type, 1, 5)
                WHEN 'sleep' THEN 'sleep' WHEN 'wait_' THEN 'wait' WHEN 'rollb' THEN 'rollback' ELSE 'do' END
            AND s.name = substr(rtrim(l.step, '0123456789'), 1, length(rtrim(l.step, '0123456789')) - 1)
            AND s.n = CAST(substr(l.step, length(rtrim(l.step, '0123456789')) + 1) AS INTEGER)
        LEFT JOIN workflow_attempts a ON a.step = s.seq AND a.attempt = l.attempt
        WHERE l.type IN (\(meanings.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")))
        """

    private init?(_ row: SQLRow) {
        guard let meaning = Self.meanings[row.text(2)] else { return nil }
        let end = MetricEnd(
            kind: meaning.kind,
            label: row.optionalText(3) ?? "",
            outcome: meaning.outcome,
            isRetried: row.bool(4),
            milliseconds: row.optionalInteger(5)
        )
        self.init(sequence: row.integer(0), workflowID: row.text(1), end: end)
    }

    private init(sequence: Int64, workflowID: String, end: MetricEnd) {
        self.sequence = sequence
        self.workflowID = workflowID
        self.end = end
    }

    /// The lines of all workflows after one, in their order.
    static func list(after sequence: Int64, limit: Int, in transaction: Transaction) throws -> [MetricLineRecord] {
        try transaction.rows(
            "\(query) AND l.seq > ? ORDER BY l.seq LIMIT ?",
            .integer(sequence),
            .integer(Int64(limit)),
            decode: MetricLineRecord.init
        ).compactMap { $0 }
    }

    /// The lines of one instance after one, over all its runs.
    static func list(
        of instance: Int64,
        after sequence: Int64,
        limit: Int,
        in transaction: Transaction
    ) throws -> [MetricLineRecord] {
        try transaction.rows(
            "\(query) AND l.instance = ? AND l.seq > ? ORDER BY l.seq LIMIT ?",
            .integer(instance),
            .integer(sequence),
            .integer(Int64(limit)),
            decode: MetricLineRecord.init
        ).compactMap { $0 }
    }
}

import FlareModel
import FlareStore

/// What a step of a script has beside that of a Worker's: its command, and a second life.
extension StepRecord {
    /// The command that the step ran last, or runs.
    func command(in transaction: Transaction) throws -> [String] {
        let text = try transaction.row(
            "SELECT command FROM workflow_steps WHERE seq = ?",
            .integer(sequence),
            decode: { $0.optionalText(0) ?? "[]" }
        )
        return try FlareJSON.decode([String].self, from: (text ?? "[]").utf8)
    }

    /// Notes the command of the next attempt, and how often it may be repeated.
    mutating func setCommand(_ command: [String], _ config: StepConfig, in transaction: Transaction) throws {
        self.config = config
        try transaction.execute(
            "UPDATE workflow_steps SET command = ?, config = ? WHERE seq = ?",
            .text(String(decoding: FlareJSON.encode(command), as: UTF8.self)),
            .blob(FlareJSON.encode(config)),
            .integer(sequence)
        )
    }

    /// Takes a finished step back: what it came to is gone, and only its attempts are numbered on.
    mutating func reopen(due: Timestamp?, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE workflow_steps SET status = 'waiting', failures = 0, due_at = ?, ended_at = NULL,
                finish_order = NULL, value = NULL, error = NULL, stream_bytes = NULL, kept_from = NULL WHERE seq = ?
            """,
            due.map { .integer($0.milliseconds) } ?? .null,
            .integer(sequence)
        )
        (status, failures, dueAt, endedAt, error) = (.waiting, 0, due, nil, nil)
    }
}

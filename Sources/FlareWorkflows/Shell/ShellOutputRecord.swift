import FlareModel
import FlareStore
import FoundationEssentials

/// The kept output of a step's attempts.
enum ShellOutputRecord {
    /// Adds what an attempt has written, as far as the step's bound allows.
    ///
    /// Returns how many bytes of it were not kept.
    static func append(
        _ output: [ShellOutputBody],
        attempt: Int,
        of step: Int64,
        in transaction: Transaction
    ) throws -> Int {
        var room = Limits.shellStepOutputBytesMax - (try size(of: step, in: transaction))
        var number = 0
        var omitted = 0
        for piece in output {
            let kept = piece.bytes.prefix(max(room, 0))
            room -= kept.count
            omitted += piece.bytes.count - kept.count
            var rest = Array(kept)[...]
            while !rest.isEmpty {
                let row = rest.prefix(Limits.shellOutputRowBytesMax)
                rest = rest.dropFirst(row.count)
                number += 1
                try transaction.execute(
                    "INSERT INTO workflow_chunks (step, attempt, n, stream, bytes) VALUES (?, ?, ?, ?, ?)",
                    .integer(step),
                    .integer(Int64(attempt)),
                    .integer(Int64(number)),
                    .text(piece.stream.rawValue),
                    .blob(Array(row))
                )
            }
        }
        return omitted
    }

    /// All that a step has written, its attempts one after the other.
    static func list(of step: Int64, in transaction: Transaction) throws -> [ShellOutputBody] {
        try rows(of: holder(of: step, in: transaction), in: transaction)
    }

    /// The step whose rows hold what a step has written: itself, or the one of an earlier run that it was taken from.
    static func holder(of step: Int64, in transaction: Transaction) throws -> Int64 {
        if try size(of: step, in: transaction) > 0 { return step }
        return try origin(of: step, in: transaction) ?? step
    }

    static func delete(of step: Int64, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM workflow_chunks WHERE step = ?", .integer(step))
    }

    private static func rows(of step: Int64, in transaction: Transaction) throws -> [ShellOutputBody] {
        try transaction.rows(
            """
            SELECT stream, bytes FROM workflow_chunks WHERE step = ? AND stream <> 'result' ORDER BY attempt, n
            """,
            .integer(step),
            decode: { row in
                ShellOutputBody(stream: row.text(0) == "stderr" ? .stderr : .stdout, bytes: Data(row.blob(1)))
            }
        )
    }

    /// The step of an earlier run that a kept one was taken from: its output is not copied.
    private static func origin(of step: Int64, in transaction: Transaction) throws -> Int64? {
        try transaction.row(
            """
            SELECT o.seq FROM workflow_steps s JOIN workflow_steps o
                ON o.instance = s.instance AND o.run = s.kept_from AND o.kind = s.kind AND o.name = s.name AND o.n = s.n
            WHERE s.seq = ? AND s.kept_from IS NOT NULL
            """,
            .integer(step),
            decode: { $0.integer(0) }
        )
    }

    private static func size(of step: Int64, in transaction: Transaction) throws -> Int {
        try transaction.row(
            "SELECT COALESCE(SUM(length(bytes)), 0) FROM workflow_chunks WHERE step = ?",
            .integer(step),
            decode: { $0.int(0) }
        ) ?? 0
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// One call of `flare step`, and the step that it got.
///
/// Kept so that a call whose answer was lost gets the same step when it asks again, and so that the count of a name
/// survives the engine.
struct ShellCallRecord: Sendable {
    var id: String
    var attachment: Int64
    var run: Int
    var key: StepKey

    static func find(_ id: String, of instance: Int64, in transaction: Transaction) throws -> ShellCallRecord? {
        try transaction.row(
            "SELECT call, attachment, run, kind, name, n FROM workflow_calls WHERE instance = ? AND call = ?",
            .integer(instance),
            .text(id),
            decode: { row in
                guard let kind = StepKind(rawValue: row.text(3)) else {
                    throw FlareError(.corruptStore, "a call of step \"\(row.text(4))\" has a kind that does not exist")
                }
                return ShellCallRecord(
                    id: row.text(0),
                    attachment: row.integer(1),
                    run: row.int(2),
                    key: StepKey(kind: kind, name: row.text(4), occurrence: row.int(5))
                )
            }
        )
    }

    /// How often an attachment has asked for steps of this kind and name.
    static func count(
        _ kind: StepKind,
        _ name: String,
        attachment: Int64,
        of instance: Int64,
        in transaction: Transaction
    ) throws -> Int {
        try transaction.row(
            """
            SELECT COALESCE(MAX(n), 0) FROM workflow_calls
            WHERE instance = ? AND attachment = ? AND kind = ? AND name = ?
            """,
            .integer(instance),
            .integer(attachment),
            .text(kind.rawValue),
            .text(name),
            decode: { $0.int(0) }
        ) ?? 0
    }

    func insert(for instance: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_calls (instance, call, attachment, run, kind, name, n) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            .integer(instance),
            .text(id),
            .integer(attachment),
            .integer(Int64(run)),
            .text(key.kind.rawValue),
            .text(key.name),
            .integer(Int64(key.occurrence))
        )
    }

    /// Forgets the calls of an instance, but for those whose command still runs.
    static func deleteIdle(of instance: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM workflow_calls WHERE instance = ? AND call NOT IN (
                SELECT h.call FROM workflow_holders h JOIN workflow_steps s ON s.seq = h.step WHERE s.instance = ?)
            """,
            .integer(instance),
            .integer(instance)
        )
    }
}

import FlareStore

/// What an event of an instance's life says of it.
struct LifeEventRecord: Sendable {
    let workflow: String
    let instanceID: String
    let versionID: String

    /// Nil when the instance was deleted.
    static func subject(of run: RunKey, in transaction: Transaction) throws -> LifeEventRecord? {
        try transaction.row(
            """
            SELECT w.name, i.id, r.version_id FROM workflow_runs r
            JOIN workflow_instances i ON i.seq = r.instance JOIN workflows w ON w.id = r.workflow_id
            WHERE r.instance = ? AND r.run = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { LifeEventRecord(workflow: $0.text(0), instanceID: $0.text(1), versionID: $0.text(2)) }
        )
    }
}

import FlareModel
import FlareStore

/// The rows that say how long an instance is kept.
extension InstanceRetention {
    /// What counts for an instance: its own rule, else that of its workflow, else the default.
    static func effective(
        of instance: Int64,
        in transaction: Transaction
    ) throws -> (success: Duration, error: Duration) {
        let found = try transaction.row(
            """
            SELECT i.success_retention, i.error_retention, w.settings
            FROM workflow_instances i JOIN workflows w ON w.id = i.workflow_id WHERE i.seq = ?
            """,
            .integer(instance),
            decode: { row in
                let own = InstanceRetention(success: row.optionalInteger(0), error: row.optionalInteger(1))
                return (own, try WorkflowSettings(stored: row.text(2)))
            }
        )
        let standard = Limits.workflowRetentionMilliseconds
        return (
            .milliseconds(found?.0.success ?? found?.1.successRetention ?? standard),
            .milliseconds(found?.0.error ?? found?.1.errorRetention ?? standard)
        )
    }

    /// Writes an instance's own rule.
    func set(of instance: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflow_instances SET success_retention = ?, error_retention = ? WHERE seq = ?",
            success.map { .integer($0) } ?? .null,
            error.map { .integer($0) } ?? .null,
            .integer(instance)
        )
    }
}

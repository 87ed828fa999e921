import FlareModel
import FlareStore

/// Steps that a run has not come to, as far as other runs show them.
enum UnreachedStepRecord {
    /// The steps of the newest complete run: of the same instance, else of the same workflow.
    ///
    /// What a replay will run beyond its own history can only be guessed from these.
    static func list(of instance: InstanceRecord, in transaction: Transaction) throws -> [PastStep] {
        let own = try transaction.row(
            """
            SELECT instance, run FROM workflow_runs WHERE instance = ? AND status = 'complete' ORDER BY run DESC LIMIT 1
            """,
            .integer(instance.sequence),
            decode: { RunKey(instance: $0.integer(0), run: $0.int(1)) }
        )
        let any =
            try own
            ?? transaction.row(
                """
                SELECT instance, run FROM workflow_runs INDEXED BY workflow_runs_status
                WHERE workflow_id = ? AND status = 'complete' AND is_current = 1 ORDER BY instance DESC LIMIT 1
                """,
                .text(instance.workflowID),
                decode: { RunKey(instance: $0.integer(0), run: $0.int(1)) }
            )
        guard let any, any != instance.key else { return [] }
        return try PastStep.list(of: any, in: transaction).filter { $0.parent == nil }
    }
}

import FlareModel
import FlareStore

/// The run of an instance as a script drives it: no timer wakes it, somebody attaches to it.
enum ShellRunRecord {
    /// Gives the run to a new attachment, with the version of the script that it runs.
    ///
    /// Returns its number.
    static func attach(
        _ run: RunKey,
        version: String,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Int64 {
        try transaction.row(
            """
            UPDATE workflow_runs
            SET status = 'running', driver = 'shell', wake_at = NULL, paused_at = NULL, version_id = ?,
                invocation = invocation + 1, started_at = COALESCE(started_at, ?), modified_at = ?
            WHERE instance = ? AND run = ? RETURNING invocation
            """,
            .text(version),
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// Leaves the run unfinished until somebody attaches to it, or marks it as running again.
    static func set(
        _ status: InstanceStatus,
        _ run: RunKey,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE workflow_runs SET status = ?, driver = 'shell', wake_at = NULL, modified_at = ?
            WHERE instance = ? AND run = ?
            """,
            .text(status.rawValue),
            .integer(now.milliseconds),
            .integer(run.instance),
            .integer(Int64(run.run))
        )
    }

    /// Notes when the first step of an instance without a script began.
    static func setStarted(_ run: RunKey, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflow_runs SET started_at = ? WHERE instance = ? AND run = ?",
            .integer(now.milliseconds),
            .integer(run.instance),
            .integer(Int64(run.run))
        )
    }

    static func invocation(_ run: RunKey, in transaction: Transaction) throws -> Int64 {
        try transaction.row(
            "SELECT invocation FROM workflow_runs WHERE instance = ? AND run = ?",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// Begins a new run of an instance whose script has failed.
    ///
    /// Its complete steps are kept, and everything else is done anew.
    static func insert(
        after old: RunKey,
        of workflow: WorkflowRecord,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> RunKey {
        let new = RunKey(instance: old.instance, run: old.run + 1)
        try transaction.execute(
            "UPDATE workflow_runs SET is_current = 0 WHERE instance = ? AND run = ?",
            .integer(old.instance),
            .integer(Int64(old.run))
        )
        try transaction.execute(
            """
            INSERT INTO workflow_runs
                (instance, run, workflow_id, version_id, driver, reason, params, status, invocation, created_at,
                modified_at)
            SELECT instance, ?, workflow_id, ?, 'shell', 'replay', params, 'queued', invocation, ?, ?
            FROM workflow_runs WHERE instance = ? AND run = ?
            """,
            .integer(Int64(new.run)),
            .text(workflow.version.id),
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(old.instance),
            .integer(Int64(old.run))
        )
        try transaction.execute(
            "UPDATE workflow_instances SET run = ? WHERE seq = ?",
            .integer(Int64(new.run)),
            .integer(old.instance)
        )
        try keepSteps(of: old, in: new, transaction)
        return new
    }

    private static func keepSteps(of old: RunKey, in new: RunKey, _ transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_steps (instance, run, kind, name, n, parent_name, parent_n, status, config, event_type,
                attempts, failures, started_at, ended_at, finish_order, value, kept_from, stream_bytes, command)
            SELECT instance, ?, kind, name, n, parent_name, parent_n, status, config, event_type,
                attempts, failures, started_at, ended_at, finish_order, value, COALESCE(kept_from, run), stream_bytes,
                command
            FROM workflow_steps WHERE instance = ? AND run = ? AND status = 'complete' ORDER BY finish_order
            """,
            .integer(Int64(new.run)),
            .integer(old.instance),
            .integer(Int64(old.run))
        )
        try transaction.execute(
            """
            INSERT INTO workflow_attempts (step, attempt, started_at, ended_at, outcome, error)
            SELECT n.seq, a.attempt, a.started_at, a.ended_at, a.outcome, a.error
            FROM workflow_steps n
                JOIN workflow_steps o ON o.instance = n.instance AND o.kind = n.kind AND o.name = n.name AND o.n = n.n
                JOIN workflow_attempts a ON a.step = o.seq
            WHERE n.instance = ? AND n.run = ? AND o.run = ?
            """,
            .integer(new.instance),
            .integer(Int64(new.run)),
            .integer(Int64(old.run))
        )
        try transaction.execute(
            """
            UPDATE workflow_runs SET finished_steps =
                (SELECT COALESCE(MAX(finish_order), 0) FROM workflow_steps WHERE instance = ? AND run = ?)
            WHERE instance = ? AND run = ?
            """,
            .integer(new.instance),
            .integer(Int64(new.run)),
            .integer(new.instance),
            .integer(Int64(new.run))
        )
    }

    static func completeSteps(_ run: RunKey, in transaction: Transaction) throws -> Int {
        try transaction.row(
            "SELECT COUNT(*) FROM workflow_steps WHERE instance = ? AND run = ? AND status = 'complete'",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.int(0) }
        ) ?? 0
    }
}

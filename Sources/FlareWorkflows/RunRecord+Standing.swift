import FlareModel
import FlareStore
import FlareWorkers

/// The statements of runs that pause, go on, or roll back.
extension RunRecord {
    /// Changes the status of a run whose code goes on running.
    static func setStatus(_ key: RunKey, _ state: RunState, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflow_runs SET status = ?, modified_at = ? WHERE instance = ? AND run = ?",
            .text(state.status.rawValue),
            .integer(now.milliseconds),
            .integer(key.instance),
            .integer(Int64(key.run))
        )
    }

    /// Lets a run stand still.
    static func setPaused(_ key: RunKey, _ state: RunState, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE workflow_runs SET status = ?, wake_at = NULL, paused_at = ?, losses = ?, modified_at = ?
            WHERE instance = ? AND run = ?
            """,
            .text(state.status.rawValue),
            .integer(now.milliseconds),
            .integer(Int64(state.losses)),
            .integer(now.milliseconds),
            .integer(key.instance),
            .integer(Int64(key.run))
        )
    }

    /// Lets a paused run go on at once; whatever its steps wait for comes as much later as the pause has lasted.
    static func setResumed(_ key: RunKey, _ state: RunState, at now: Timestamp, in transaction: Transaction) throws {
        let pausedAt = try transaction.row(
            "SELECT paused_at FROM workflow_runs WHERE instance = ? AND run = ?",
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: { $0.optionalTime(0) }
        )
        // The clock may have been set back meanwhile.
        let pause = max(0, ((pausedAt.flatMap { $0 }).map { now - $0 } ?? .zero).milliseconds)
        try StepRecord.postpone(of: key, by: pause, in: transaction)
        try setWaiting(key, state, wake: now, at: now, in: transaction)
    }

    /// Begins to roll a run back: its code is started again at `wake`, to undo what its steps have done.
    ///
    /// `error` is what it will end with; nil when somebody terminates it.
    static func setRollingBack(
        _ key: RunKey,
        _ state: RunState,
        _ error: JavaScriptError?,
        wake: Timestamp,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE workflow_runs SET closing = ?, error = ? WHERE instance = ? AND run = ?",
            SQLValue(state.closing?.rawValue),
            error.map { .blob($0.json.jsonBytes) } ?? .null,
            .integer(key.instance),
            .integer(Int64(key.run))
        )
        try setWaiting(key, state, wake: wake, at: now, in: transaction)
    }

    /// The unfinished runs of a workflow that stand at a status, as far as `limit` goes.
    static func current(
        of workflow: String,
        _ status: InstanceStatus,
        limit: Int,
        in transaction: Transaction
    ) throws -> [RunKey] {
        try transaction.rows(
            """
            SELECT instance, run FROM workflow_runs
            WHERE workflow_id = ? AND status = ? AND is_current = 1 ORDER BY instance LIMIT ?
            """,
            .text(workflow),
            .text(status.rawValue),
            .integer(Int64(limit)),
            decode: { RunKey(instance: $0.integer(0), run: $0.int(1)) }
        )
    }

    // MARK: - Expiry

    /// Deletes instances whose retention is over, with all they hold, as far as `limit` goes.
    ///
    /// Returns how many it deleted.
    static func deleteExpired(limit: Int, at now: Timestamp, in transaction: Transaction) throws -> Int {
        // An earlier run of an instance that was run again does not decide about it any more.
        try transaction.execute(
            "UPDATE workflow_runs SET delete_at = NULL WHERE delete_at <= ? AND (is_current = 0 OR ended_at IS NULL)",
            .integer(now.milliseconds)
        )
        return try transaction.rows(
            """
            DELETE FROM workflow_instances WHERE seq IN
                (SELECT instance FROM workflow_runs WHERE delete_at <= ? ORDER BY delete_at LIMIT ?)
            RETURNING seq
            """,
            .integer(now.milliseconds),
            .integer(Int64(limit)),
            decode: { $0.integer(0) }
        ).count
    }

    /// When the next instance is to be deleted.
    static func nextExpiry(in transaction: Transaction) throws -> Timestamp? {
        try transaction.row(
            "SELECT delete_at FROM workflow_runs WHERE delete_at IS NOT NULL ORDER BY delete_at LIMIT 1",
            decode: { $0.time(0) }
        )
    }
}

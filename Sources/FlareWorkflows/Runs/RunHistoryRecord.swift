import FlareModel
import FlareStore

/// Why a run was begun.
package enum RunReason: String, Sendable {
    case first, restart, replay
}

/// The runs of an instance as rows: listing them, ending one and beginning the next.
enum RunHistoryRecord {
    /// What a new run is begun with.
    struct Beginning: Sendable {
        var reason: RunReason
        var versionID: String
        var fromStep: String?
        /// Tagged JSON that replaces the parameters in this run.
        var params: [UInt8]?
    }

    /// The runs of an instance, the newest first.
    static func list(of instance: Int64, limit: Int, in transaction: Transaction) throws -> [InstanceRunBody] {
        try transaction.rows(
            """
            SELECT run, status, reason, from_step, created_at, started_at, ended_at, version_id FROM workflow_runs
            WHERE instance = ? ORDER BY run DESC LIMIT ?
            """,
            .integer(instance),
            .integer(Int64(limit)),
            decode: { row in
                guard let status = InstanceStatus(rawValue: row.text(1)) else {
                    throw FlareError(.corruptStore, "run \(row.int(0)) has a status that does not exist")
                }
                return InstanceRunBody(
                    run: row.int(0),
                    status: status,
                    reason: row.text(2),
                    fromStep: row.optionalText(3),
                    created: row.time(4),
                    start: row.optionalTime(5),
                    end: row.optionalTime(6),
                    versionID: row.text(7)
                )
            }
        )
    }

    /// Tagged JSON of what a run gets as its payload.
    static func params(of run: RunKey, in transaction: Transaction) throws -> [UInt8] {
        try transaction.row(
            """
            SELECT COALESCE(r.params, i.params) FROM workflow_runs r JOIN workflow_instances i ON i.seq = r.instance
            WHERE r.instance = ? AND r.run = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.blob(0) }
        ) ?? []
    }

    /// Ends an unfinished run as terminated, whatever its status is.
    static func terminate(_ run: RunKey, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE workflow_runs
            SET status = 'terminated', wake_at = NULL, paused_at = NULL, closing = NULL, ended_at = ?, modified_at = ?
            WHERE instance = ? AND run = ? AND ended_at IS NULL
            """,
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(run.instance),
            .integer(Int64(run.run))
        )
    }

    /// Makes a new run, queued and due at once, the current one of its instance.
    ///
    /// The run before keeps its history and is no longer deleted by itself. A run that a script drives waits for the
    /// script.
    static func begin(
        after run: RunKey,
        _ beginning: Beginning,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> RunKey {
        let next = RunKey(instance: run.instance, run: run.run + 1)
        try transaction.execute(
            "UPDATE workflow_runs SET is_current = 0, delete_at = NULL WHERE instance = ? AND run = ?",
            .integer(run.instance),
            .integer(Int64(run.run))
        )
        try transaction.execute(
            "UPDATE workflow_instances SET run = ? WHERE seq = ?",
            .integer(Int64(next.run)),
            .integer(run.instance)
        )
        try insert(next, copying: run, beginning, at: now, in: transaction)
        return next
    }

    /// Makes a new instance of another one's parameters and retention, with its first run.
    static func copy(
        _ run: RunKey,
        as id: String,
        _ beginning: Beginning,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> RunKey {
        let sequence = try transaction.row(
            """
            INSERT INTO workflow_instances (workflow_id, id, params, trigger_source, created_at, run, schedule,
                success_retention, error_retention)
            SELECT i.workflow_id, ?, COALESCE(?, r.params, i.params), 'api', ?, 1, i.schedule,
                i.success_retention, i.error_retention
            FROM workflow_instances i JOIN workflow_runs r ON r.instance = i.seq AND r.run = ? WHERE i.seq = ?
            RETURNING seq
            """,
            .text(id),
            beginning.params.map { .blob($0) } ?? .null,
            .integer(now.milliseconds),
            .integer(Int64(run.run)),
            .integer(run.instance),
            decode: { $0.integer(0) }
        )
        guard let sequence else { throw FlareError(.instanceNotFound, "the instance was deleted") }
        let first = RunKey(instance: sequence, run: 1)
        var beginning = beginning
        beginning.params = nil
        try insert(first, copying: run, beginning, at: now, in: transaction)
        // The copy's parameters stand in its own row.
        try transaction.execute("UPDATE workflow_runs SET params = NULL WHERE instance = ?", .integer(sequence))
        return first
    }

    /// The invocations are counted on, so that who drove the run before is not taken for one who drives this one: a
    /// script's attachment is known by the number alone.
    private static func insert(
        _ run: RunKey,
        copying source: RunKey,
        _ beginning: Beginning,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_runs (instance, run, workflow_id, version_id, driver, reason, from_step, params,
                status, wake_at, invocation, created_at, modified_at)
            SELECT ?, ?, workflow_id, ?, driver, ?, ?, COALESCE(?, params), 'queued',
                CASE driver WHEN 'worker' THEN ? END, invocation + 1, ?, ?
            FROM workflow_runs WHERE instance = ? AND run = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(beginning.versionID),
            .text(beginning.reason.rawValue),
            SQLValue(beginning.fromStep),
            beginning.params.map { .blob($0) } ?? .null,
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(source.instance),
            .integer(Int64(source.run))
        )
    }
}

package import FlareModel
import FlareStore
import FlareWorkers

/// One run of an instance.
///
/// An instance keeps the history of all its runs; the newest one is current.
struct RunKey: Sendable, Hashable {
    var instance: Int64
    var run: Int
}

/// An instance of a workflow with its current run.
///
/// Its parameters, output and error are read apart.
package struct InstanceRecord: Sendable {
    /// Its key in the database, in the order of creation.
    package var sequence: Int64
    package var workflowID: String
    package var id: String
    package var triggerSource: TriggerSource
    package var createdAt: Timestamp
    package var run: Int
    package var versionID: String
    package var status: InstanceStatus
    /// When a queued or waiting instance goes on.
    package var wakeAt: Timestamp?
    package var losses: Int
    package var modifiedAt: Timestamp
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?

    var key: RunKey { RunKey(instance: sequence, run: run) }
}

/// What began an instance.
package enum TriggerSource: String, Sendable {
    case api, binding, queue, cron, shell
}

extension InstanceRecord {
    static let columns = """
        i.seq, i.workflow_id, i.id, i.trigger_source, i.created_at, r.run,
            r.version_id, r.status, r.wake_at, r.losses, r.modified_at, r.started_at, r.ended_at
        """
    private static let tables = """
        workflow_instances i JOIN workflow_runs r ON r.instance = i.seq AND r.run = i.run
        """

    init(_ row: SQLRow) throws {
        guard let trigger = TriggerSource(rawValue: row.text(3)), let status = InstanceStatus(rawValue: row.text(7))
        else { throw FlareError(.corruptStore, "instance \"\(row.text(2))\" has a status that does not exist") }
        self.init(
            sequence: row.integer(0),
            workflowID: row.text(1),
            id: row.text(2),
            triggerSource: trigger,
            createdAt: row.time(4),
            run: row.int(5),
            versionID: row.text(6),
            status: status,
            wakeAt: row.optionalTime(8),
            losses: row.int(9),
            modifiedAt: row.time(10),
            startedAt: row.optionalTime(11),
            endedAt: row.optionalTime(12)
        )
    }

    static func find(_ id: String, of workflow: String, in transaction: Transaction) throws -> InstanceRecord? {
        try transaction.row(
            "SELECT \(columns) FROM \(tables) WHERE i.workflow_id = ? AND i.id = ?",
            .text(workflow),
            .text(id),
            decode: InstanceRecord.init
        )
    }

    /// The instance with one of its runs in the place of the current one.
    static func find(_ key: RunKey, in transaction: Transaction) throws -> InstanceRecord? {
        try transaction.row(
            """
            SELECT \(columns) FROM workflow_instances i JOIN workflow_runs r ON r.instance = i.seq
            WHERE i.seq = ? AND r.run = ?
            """,
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: InstanceRecord.init
        )
    }

    static func find(_ sequence: Int64, in transaction: Transaction) throws -> InstanceRecord? {
        try transaction.row(
            "SELECT \(columns) FROM \(tables) WHERE i.seq = ?",
            .integer(sequence),
            decode: InstanceRecord.init
        )
    }

    /// The newest instance of a workflow.
    static func latest(of workflow: String, in transaction: Transaction) throws -> InstanceRecord? {
        try transaction.row(
            "SELECT \(columns) FROM \(tables) WHERE i.workflow_id = ? ORDER BY i.seq DESC LIMIT 1",
            .text(workflow),
            decode: InstanceRecord.init
        )
    }

    /// The ids of the instances that have not ended, as far as `limit` goes.
    static func unfinished(of workflow: String, limit: Int, in transaction: Transaction) throws -> [String] {
        // Those that have ended may be a million.
        let statuses = InstanceStatus.allCases.filter { !$0.isFinal }.map { "'\($0.rawValue)'" }
        return try transaction.rows(
            """
            SELECT i.id FROM workflow_runs r INDEXED BY workflow_runs_status
            CROSS JOIN workflow_instances i ON i.seq = r.instance
            WHERE r.workflow_id = ? AND r.status IN (\(statuses.joined(separator: ", "))) AND r.is_current = 1 LIMIT ?
            """,
            .text(workflow),
            .integer(Int64(limit)),
            decode: { $0.text(0) }
        )
    }

    /// Deletes an instance with all it holds.
    static func delete(_ sequence: Int64, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM workflow_instances WHERE seq = ?", .integer(sequence))
    }

    /// Deletes the oldest instances of a workflow with all they hold; returns how many.
    static func deleteOldest(of workflow: String, limit: Int, in transaction: Transaction) throws -> Int {
        let oldest = try transaction.rows(
            "SELECT seq FROM workflow_instances WHERE workflow_id = ? ORDER BY seq LIMIT ?",
            .text(workflow),
            .integer(Int64(limit)),
            decode: { $0.integer(0) }
        )
        for sequence in oldest { try delete(sequence, in: transaction) }
        return oldest.count
    }

    /// Inserts a new instance with its first run, queued, or running with its first invocation when it is started with
    /// its creation; the record tells what whoever created it is told: that it is queued.
    ///
    /// Returns nil when the id is taken.
    static func insert(
        _ id: String,
        of workflow: WorkflowRecord,
        params: [UInt8],
        trigger: TriggerSource,
        isStarted: Bool = false,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> InstanceRecord? {
        let sequence = try transaction.row(
            """
            INSERT INTO workflow_instances (workflow_id, id, params, trigger_source, created_at, run)
            VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (workflow_id, id) DO NOTHING RETURNING seq
            """,
            .text(workflow.id),
            .text(id),
            .blob(params),
            .text(trigger.rawValue),
            .integer(now.milliseconds),
            decode: { $0.integer(0) }
        )
        guard let sequence else { return nil }
        try transaction.execute(
            """
            INSERT INTO workflow_runs
                (instance, run, workflow_id, version_id, status, wake_at, invocation, started_at, created_at,
                modified_at)
            VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .integer(sequence),
            .text(workflow.id),
            .text(workflow.version.id),
            .text((isStarted ? InstanceStatus.running : .queued).rawValue),
            isStarted ? .null : .integer(now.milliseconds),
            .integer(isStarted ? 1 : 0),
            isStarted ? .integer(now.milliseconds) : .null,
            .integer(now.milliseconds),
            .integer(now.milliseconds)
        )
        return InstanceRecord(
            sequence: sequence,
            workflowID: workflow.id,
            id: id,
            triggerSource: trigger,
            createdAt: now,
            run: 1,
            versionID: workflow.version.id,
            status: .queued,
            wakeAt: now,
            losses: 0,
            modifiedAt: now
        )
    }
}

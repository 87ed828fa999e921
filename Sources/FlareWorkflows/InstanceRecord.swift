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

/// Which instances a list shows.
package struct InstanceFilter: Sendable {
    package var status: InstanceStatus?
    /// Newest first, unless ascending.
    package var ascending = false
    /// Only those after this one in the order of the list.
    package var cursor: Int64?
    package var createdFrom: Timestamp?
    package var createdTo: Timestamp?
    package var limit = 20
    package var offset = 0

    package init() {}
}

extension InstanceRecord {
    private static let columns = """
        i.seq, i.workflow_id, i.id, i.trigger_source, i.created_at, i.run,
            r.version_id, r.status, r.wake_at, r.losses, r.modified_at, r.started_at, r.ended_at
        """
    private static let tables = """
        workflow_instances i JOIN workflow_runs r ON r.instance = i.seq AND r.run = i.run
        """

    private init(_ row: SQLRow) throws {
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

    static func list(
        of workflow: String,
        _ filter: InstanceFilter,
        in transaction: Transaction
    ) throws -> [InstanceRecord] {
        var (condition, arguments) = conditions(of: workflow, filter)
        if let cursor = filter.cursor {
            condition += filter.ascending ? " AND i.seq > ?" : " AND i.seq < ?"
            arguments.append(.integer(cursor))
        }
        arguments += [.integer(Int64(filter.limit)), .integer(Int64(filter.offset))]
        return try transaction.rows(
            """
            SELECT \(columns) FROM \(tables) WHERE \(condition)
            ORDER BY i.seq \(filter.ascending ? "ASC" : "DESC") LIMIT ? OFFSET ?
            """,
            arguments,
            decode: InstanceRecord.init
        )
    }

    /// How many instances the filter finds on all its pages.
    static func count(of workflow: String, _ filter: InstanceFilter, in transaction: Transaction) throws -> Int {
        let (condition, arguments) = conditions(of: workflow, filter)
        let counts = try transaction.rows(
            "SELECT COUNT(*) FROM \(tables) WHERE \(condition)",
            arguments,
            decode: { $0.int(0) }
        )
        return counts.first ?? 0
    }

    /// The ids of the instances that have not ended, as far as `limit` goes.
    static func unfinished(of workflow: String, limit: Int, in transaction: Transaction) throws -> [String] {
        try transaction.rows(
            "SELECT i.id FROM \(tables) WHERE i.workflow_id = ? AND r.ended_at IS NULL ORDER BY i.seq LIMIT ?",
            .text(workflow),
            .integer(Int64(limit)),
            decode: { $0.text(0) }
        )
    }

    /// Tagged JSON of the parameters.
    static func params(of sequence: Int64, in transaction: Transaction) throws -> [UInt8] {
        try transaction.row(
            "SELECT params FROM workflow_instances WHERE seq = ?",
            .integer(sequence),
            decode: { $0.blob(0) }
        ) ?? []
    }

    /// Inserts a new instance with its first run, queued.
    ///
    /// Returns nil when the id is taken.
    static func insert(
        _ id: String,
        of workflow: WorkflowRecord,
        params: [UInt8],
        trigger: TriggerSource,
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
            INSERT INTO workflow_runs (instance, run, workflow_id, version_id, status, wake_at, created_at, modified_at)
            VALUES (?, 1, ?, ?, 'queued', ?, ?, ?)
            """,
            .integer(sequence),
            .text(workflow.id),
            .text(workflow.version.id),
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(now.milliseconds)
        )
        return try find(sequence, in: transaction)
    }

    private static func conditions(of workflow: String, _ filter: InstanceFilter) -> (String, [SQLValue]) {
        var condition = "i.workflow_id = ?"
        var arguments: [SQLValue] = [.text(workflow)]
        if let status = filter.status {
            condition += " AND r.status = ?"
            arguments.append(.text(status.rawValue))
        }
        if let from = filter.createdFrom {
            condition += " AND i.created_at >= ?"
            arguments.append(.integer(from.milliseconds))
        }
        if let to = filter.createdTo {
            condition += " AND i.created_at <= ?"
            arguments.append(.integer(to.milliseconds))
        }
        return (condition, arguments)
    }
}

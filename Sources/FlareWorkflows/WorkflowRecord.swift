package import FlareModel
import FlareStore

/// A workflow with its current version: a class of a Worker, or a script.
package struct WorkflowRecord: Sendable {
    /// What its instances run.
    package enum Kind: String, Sendable {
        case worker, shell
    }

    package var id: String
    package var name: String
    package var version: WorkflowVersionRecord
    package var createdAt: Timestamp
    package var modifiedAt: Timestamp
    package var triggeredAt: Timestamp?
    package var kind = Kind.worker
    package var settings = WorkflowSettings()
}

/// A version of a workflow: a class in one deployed version of a Worker.
///
/// Instances keep the one they began with. Of a script, `worker` is its path and `workerVersion` its checksum.
package struct WorkflowVersionRecord: Sendable, Hashable {
    package var id: String
    package var worker: String
    package var workerVersion: String
    package var className: String
    package var createdAt: Timestamp
}

extension WorkflowRecord {
    private static let query = """
        SELECT w.id, w.name, w.created_at, w.modified_at, w.triggered_at,
            v.id, v.worker, v.worker_version, v.class_name, v.created_at, w.kind, w.settings
        FROM workflows w JOIN workflow_versions v ON v.id = w.version_id AND w.deleted_at IS NULL
        """

    private init(_ row: SQLRow) throws {
        self.init(
            id: row.text(0),
            name: row.text(1),
            version: WorkflowVersionRecord(row, from: 5),
            createdAt: row.time(2),
            modifiedAt: row.time(3),
            triggeredAt: row.optionalTime(4),
            kind: Kind(rawValue: row.text(10)) ?? .worker,
            settings: try WorkflowSettings(stored: row.text(11))
        )
    }

    /// The workflow with a name or an id, or nil.
    static func find(_ name: String, in transaction: Transaction) throws -> WorkflowRecord? {
        try transaction.row("\(query) WHERE w.name = ?", .text(name), decode: WorkflowRecord.init)
            ?? transaction.row("\(query) WHERE w.id = ?", .text(name), decode: WorkflowRecord.init)
    }

    static func list(
        search: String,
        limit: Int,
        offset: Int,
        in transaction: Transaction
    ) throws -> [WorkflowRecord] {
        try transaction.rows(
            "\(query) WHERE w.name LIKE '%' || ? || '%' ORDER BY w.name LIMIT ? OFFSET ?",
            .text(search),
            .integer(Int64(limit)),
            .integer(Int64(offset)),
            decode: WorkflowRecord.init
        )
    }

    static func count(search: String, in transaction: Transaction) throws -> Int {
        try transaction.row(
            "SELECT COUNT(*) FROM workflows WHERE deleted_at IS NULL AND name LIKE '%' || ? || '%'",
            .text(search),
            decode: { $0.int(0) }
        ) ?? 0
    }

    static func names(in transaction: Transaction) throws -> [String] {
        try transaction.rows(
            "SELECT name FROM workflows WHERE deleted_at IS NULL ORDER BY name LIMIT 1000",
            decode: { $0.text(0) }
        )
    }

    /// The workflows that a Worker defines now.
    static func names(ofWorker worker: String, in transaction: Transaction) throws -> [String] {
        try transaction.rows(
            """
            SELECT w.name FROM workflows w JOIN workflow_versions v ON v.id = w.version_id
            WHERE v.worker = ? AND w.deleted_at IS NULL ORDER BY w.name
            """,
            .text(worker),
            decode: { $0.text(0) }
        )
    }

    func insert(in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO workflows (id, name, version_id, kind, created_at, modified_at, settings)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            .text(id),
            .text(name),
            .text(version.id),
            .text(kind.rawValue),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds),
            .text(settings.stored)
        )
    }

    /// Makes a version the one that new instances begin with.
    static func setVersion(_ version: String, of id: String, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflows SET version_id = ?, modified_at = ? WHERE id = ?",
            .text(version),
            .integer(now.milliseconds),
            .text(id)
        )
    }

    static func setSettings(_ settings: WorkflowSettings, of id: String, in transaction: Transaction) throws {
        try transaction.execute("UPDATE workflows SET settings = ? WHERE id = ?", .text(settings.stored), .text(id))
    }

    static func setTriggered(_ id: String, at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflows SET triggered_at = ? WHERE id = ?",
            .integer(now.milliseconds),
            .text(id)
        )
    }

    /// Takes a workflow out of reach and frees its name; `deleteSome` deletes what it holds.
    static func bury(_ id: String, at now: Timestamp, in transaction: Transaction) throws {
        // No workflow is called by a name with a slash.
        try transaction.execute(
            "UPDATE workflows SET name = 'deleted/' || id, deleted_at = ? WHERE id = ?",
            .integer(now.milliseconds),
            .text(id)
        )
    }

    /// Deletes some instances of a workflow that is out of reach, and with the last ones itself.
    ///
    /// Returns whether there may be more to do.
    static func deleteSome(limit: Int, in transaction: Transaction) throws -> Bool {
        let buried = try transaction.row(
            "SELECT id FROM workflows WHERE deleted_at IS NOT NULL ORDER BY deleted_at, id LIMIT 1",
            decode: { $0.text(0) }
        )
        guard let buried else { return false }
        if try InstanceRecord.deleteOldest(of: buried, limit: limit, in: transaction) < limit {
            try delete(buried, in: transaction)
        }
        return true
    }

    /// Deletes the workflow with its versions, instances and their history.
    static func delete(_ id: String, in transaction: Transaction) throws {
        // Runs refer to versions too; the instances go first, so that no order of cascades matters.
        try transaction.execute("DELETE FROM workflow_instances WHERE workflow_id = ?", .text(id))
        try transaction.execute("DELETE FROM workflows WHERE id = ?", .text(id))
    }
}

extension WorkflowVersionRecord {
    init(_ row: SQLRow, from column: Int32) {
        self.init(
            id: row.text(column),
            worker: row.text(column + 1),
            workerVersion: row.text(column + 2),
            className: row.text(column + 3),
            createdAt: row.time(column + 4)
        )
    }

    static func find(_ id: String, in transaction: Transaction) throws -> WorkflowVersionRecord? {
        try transaction.row(
            "SELECT id, worker, worker_version, class_name, created_at FROM workflow_versions WHERE id = ?",
            .text(id),
            decode: { WorkflowVersionRecord($0, from: 0) }
        )
    }

    /// The version with this id if it is one of the workflow's.
    static func find(
        _ id: String,
        of workflow: String,
        in transaction: Transaction
    ) throws -> WorkflowVersionRecord? {
        try transaction.row(
            """
            SELECT id, worker, worker_version, class_name, created_at FROM workflow_versions
            WHERE id = ? AND workflow_id = ?
            """,
            .text(id),
            .text(workflow),
            decode: { WorkflowVersionRecord($0, from: 0) }
        )
    }

    static func list(
        of workflow: String,
        limit: Int,
        offset: Int,
        in transaction: Transaction
    ) throws -> [WorkflowVersionRecord] {
        try transaction.rows(
            """
            SELECT id, worker, worker_version, class_name, created_at FROM workflow_versions
            WHERE workflow_id = ? ORDER BY created_at DESC, id LIMIT ? OFFSET ?
            """,
            .text(workflow),
            .integer(Int64(limit)),
            .integer(Int64(offset)),
            decode: { WorkflowVersionRecord($0, from: 0) }
        )
    }

    /// Inserts the version unless the same class of the same Worker version is there.
    ///
    /// Returns the one that stands.
    func upsert(of workflow: String, in transaction: Transaction) throws -> WorkflowVersionRecord {
        try transaction.execute(
            """
            INSERT INTO workflow_versions (id, workflow_id, worker, worker_version, class_name, created_at)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workflow_id, worker, worker_version, class_name) DO NOTHING
            """,
            .text(id),
            .text(workflow),
            .text(worker),
            .text(workerVersion),
            .text(className),
            .integer(createdAt.milliseconds)
        )
        return try transaction.row(
            """
            SELECT id, worker, worker_version, class_name, created_at FROM workflow_versions
            WHERE workflow_id = ? AND worker = ? AND worker_version = ? AND class_name = ?
            """,
            .text(workflow),
            .text(worker),
            .text(workerVersion),
            .text(className),
            decode: { WorkflowVersionRecord($0, from: 0) }
        ) ?? self
    }

    /// The versions of a Worker that unfinished instances are pinned to.
    static func workerVersionsInUse(of worker: String, in transaction: Transaction) throws -> [String] {
        try transaction.rows(
            """
            SELECT DISTINCT v.worker_version FROM workflow_runs r JOIN workflow_versions v ON v.id = r.version_id
            WHERE r.ended_at IS NULL AND v.worker = ?
            """,
            .text(worker),
            decode: { $0.text(0) }
        )
    }

    /// How many unfinished instances are pinned to each version of a Worker.
    static func instancesByWorkerVersion(of worker: String, in transaction: Transaction) throws -> [String: Int] {
        let counts = try transaction.rows(
            """
            SELECT v.worker_version, COUNT(*) FROM workflow_runs r JOIN workflow_versions v ON v.id = r.version_id
            WHERE r.ended_at IS NULL AND v.worker = ? GROUP BY v.worker_version
            """,
            .text(worker),
            decode: { ($0.text(0), Int($0.integer(1))) }
        )
        return Dictionary(uniqueKeysWithValues: counts)
    }
}

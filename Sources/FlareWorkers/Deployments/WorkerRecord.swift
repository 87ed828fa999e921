import FlareModel
import FlareStore

/// A row of `workers`.
struct WorkerRecord: Sendable {
    var name: String
    var currentVersion: String
    var createdAt: Timestamp
    var updatedAt: Timestamp

    private init(_ row: SQLRow) {
        name = row.text(0)
        currentVersion = row.text(1)
        createdAt = row.time(2)
        updatedAt = row.time(3)
    }

    /// Throws `workerNotFound` with the nearest name.
    static func named(_ name: String, in tx: Transaction) throws -> WorkerRecord {
        let record = try tx.row(
            "SELECT name, current_version, created_at, updated_at FROM workers WHERE name = ?",
            .text(name),
            decode: WorkerRecord.init
        )
        if let record { return record }
        throw FlareError.notFound(
            .workerNotFound,
            kind: "Worker",
            name: name,
            candidates: try all(in: tx).map(\.name),
            listing: "flare workers list"
        )
    }

    static func all(in tx: Transaction) throws -> [WorkerRecord] {
        try tx.rows(
            "SELECT name, current_version, created_at, updated_at FROM workers ORDER BY name LIMIT 10000",
            decode: WorkerRecord.init
        )
    }

    /// Creates the Worker or makes another version current.
    static func setCurrent(_ version: String, of name: String, at now: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO workers (name, current_version, created_at, updated_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET
                current_version = excluded.current_version, updated_at = excluded.updated_at
            """,
            .text(name),
            .text(version),
            .integer(now.milliseconds),
            .integer(now.milliseconds)
        )
    }

    /// Deletes a Worker and its versions.
    static func delete(_ name: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM workers WHERE name = ?", .text(name))
    }
}

/// A row of `worker_versions`.
struct VersionRecord: Sendable {
    var version: String
    var createdAt: Timestamp
    var details: VersionDetails
    var message: String?
    var tag: String?

    private init(_ row: SQLRow) throws {
        version = row.text(0)
        createdAt = row.time(1)
        details = try FlareJSON.decode(VersionDetails.self, from: row.blob(2))
        message = row.optionalText(3)
        tag = row.optionalText(4)
    }

    static func insert(
        _ details: VersionDetails,
        message: String?,
        tag: String?,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        try tx.execute(
            """
            INSERT INTO worker_versions (worker, version, created_at, details, message, tag)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            .text(details.configuration.worker),
            .text(details.configuration.version),
            .integer(now.milliseconds),
            .text(String(decoding: FlareJSON.encode(details), as: UTF8.self)),
            SQLValue(message),
            SQLValue(tag)
        )
    }

    /// Stores the details of a version again.
    static func update(_ details: VersionDetails, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE worker_versions SET details = ? WHERE worker = ? AND version = ?",
            .text(String(decoding: FlareJSON.encode(details), as: UTF8.self)),
            .text(details.configuration.worker),
            .text(details.configuration.version)
        )
    }

    /// The version that new work of a Worker starts on; nil when there is no Worker of this name.
    static func current(of worker: String, in tx: Transaction) throws -> VersionRecord? {
        try tx.row(
            """
            SELECT v.version, v.created_at, v.details, v.message, v.tag FROM workers w
            JOIN worker_versions v ON v.worker = w.name AND v.version = w.current_version WHERE w.name = ?
            """,
            .text(worker),
            decode: VersionRecord.init
        )
    }

    /// Nil when the version is not kept any more.
    static func find(_ key: VersionKey, in tx: Transaction) throws -> VersionRecord? {
        try tx.row(
            """
            SELECT version, created_at, details, message, tag FROM worker_versions
            WHERE worker = ? AND version = ?
            """,
            .text(key.worker),
            .text(key.version),
            decode: VersionRecord.init
        )
    }

    /// All kept versions of a Worker, newest first.
    static func all(of worker: String, in tx: Transaction) throws -> [VersionRecord] {
        try tx.rows(
            """
            SELECT version, created_at, details, message, tag FROM worker_versions WHERE worker = ?
            ORDER BY created_at DESC, version LIMIT 1000
            """,
            .text(worker),
            decode: VersionRecord.init
        )
    }

    static func delete(_ version: String, of worker: String, in tx: Transaction) throws {
        try tx.execute(
            "DELETE FROM worker_versions WHERE worker = ? AND version = ?",
            .text(worker),
            .text(version)
        )
    }

    /// All versions of all Workers, as pairs of name and version.
    static func keys(in tx: Transaction) throws -> [VersionKey] {
        try tx.rows("SELECT worker, version FROM worker_versions LIMIT 100000") {
            VersionKey(worker: $0.text(0), version: $0.text(1))
        }
    }
}

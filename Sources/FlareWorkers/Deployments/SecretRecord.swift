import FlareModel
import FlareStore

/// A row of `worker_secrets`, whose value is only read for the first frame of a process.
struct SecretRecord: Sendable {
    var name: String
    var modifiedAt: Timestamp

    /// The secrets of a Worker by name, without their values.
    static func all(of worker: String, in tx: Transaction) throws -> [SecretRecord] {
        try tx.rows(
            "SELECT name, modified_at FROM worker_secrets WHERE worker = ? ORDER BY name LIMIT 1000",
            .text(worker)
        ) { SecretRecord(name: $0.text(0), modifiedAt: $0.time(1)) }
    }

    /// Throws `secretNotFound` with the nearest name.
    static func named(_ name: String, of worker: String, in tx: Transaction) throws -> SecretRecord {
        let all = try all(of: worker, in: tx)
        if let found = all.first(where: { $0.name == name }) { return found }
        throw FlareError.notFound(
            .secretNotFound,
            kind: "secret",
            name: name,
            candidates: all.map(\.name),
            listing: "flare workers secret list \(worker)"
        )
    }

    /// The secrets with their values, for the process that is about to be started.
    static func values(of worker: String, in tx: Transaction) throws -> [String: String] {
        let pairs = try tx.rows(
            "SELECT name, value FROM worker_secrets WHERE worker = ? LIMIT 1000",
            .text(worker)
        ) { ($0.text(0), $0.text(1)) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Stores a value in place of an earlier one.
    static func set(_ name: String, _ value: String, of worker: String, at now: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO worker_secrets (worker, name, value, modified_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (worker, name) DO UPDATE SET value = excluded.value, modified_at = excluded.modified_at
            """,
            .text(worker),
            .text(name),
            .text(value),
            .integer(now.milliseconds)
        )
    }

    static func delete(_ name: String, of worker: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM worker_secrets WHERE worker = ? AND name = ?", .text(worker), .text(name))
    }

    static func deleteAll(of worker: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM worker_secrets WHERE worker = ?", .text(worker))
    }
}

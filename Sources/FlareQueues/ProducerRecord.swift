import FlareModel
import FlareStore

/// A row of `queue_producers`: something outside this room that sends to a queue.
///
/// For display, and to refuse deleting a queue to which a bucket's notifications go.
package struct ProducerRecord: Sendable, Hashable {
    /// What sends.
    package enum Kind: String, Sendable {
        case worker
        case bucket = "r2_bucket"
    }

    package let queueID: String
    package let kind: Kind
    package let name: String

    static func all(queueID: String, in tx: Transaction) throws -> [ProducerRecord] {
        try tx.rows(
            "SELECT type, name FROM queue_producers WHERE queue_id = ? ORDER BY type, name",
            .text(queueID)
        ) { row in
            ProducerRecord(queueID: queueID, kind: Kind(rawValue: row.text(0)) ?? .worker, name: row.text(1))
        }
    }

    func save(in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO queue_producers (queue_id, type, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            .text(queueID),
            .text(kind.rawValue),
            .text(name)
        )
    }

    func delete(in tx: Transaction) throws {
        try tx.execute(
            "DELETE FROM queue_producers WHERE queue_id = ? AND type = ? AND name = ?",
            .text(queueID),
            .text(kind.rawValue),
            .text(name)
        )
    }

    static func deleteAll(_ kind: Kind, named name: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM queue_producers WHERE type = ? AND name = ?", .text(kind.rawValue), .text(name))
    }
}

import FlareStore

/// The rows of `queue_imports`: under which sequence a message that kept its id came into a queue, by an import, by a
/// move or as a dead letter, so that an import doubles nothing that is there.
enum KeptIDRecord {
    static func find(_ queue: Int64, id: String, in tx: Transaction) throws -> Int64? {
        let sql = "SELECT sequence FROM queue_imports WHERE queue = ? AND id = ?"
        return try tx.row(sql, .integer(queue), .text(id)) { $0.integer(0) }
    }

    static func save(_ queue: Int64, id: String, sequence: Int64, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO queue_imports (queue, id, sequence) VALUES (?, ?, ?)
            ON CONFLICT (queue, id) DO UPDATE SET sequence = excluded.sequence
            """,
            .integer(queue),
            .text(id),
            .integer(sequence)
        )
    }

    /// Forgets ids of messages that are older than everything which still lies in the queue; all when it is empty.
    static func forgetSettled(_ queue: Int64, in tx: Transaction) throws {
        try tx.execute(
            """
            DELETE FROM queue_imports WHERE queue = ? AND sequence < coalesce(
                (SELECT first FROM queue_spans WHERE queue = ? AND died_at IS NULL ORDER BY first LIMIT 1),
                (SELECT first FROM queue_spans WHERE queue = ? AND died_at IS NOT NULL ORDER BY first LIMIT 1),
                \(Int64.max))
            AND sequence < coalesce(
                (SELECT first FROM queue_spans WHERE queue = ? AND died_at IS NOT NULL ORDER BY first LIMIT 1),
                (SELECT first FROM queue_spans WHERE queue = ? AND died_at IS NULL ORDER BY first LIMIT 1),
                \(Int64.max))
            """,
            .integer(queue),
            .integer(queue),
            .integer(queue),
            .integer(queue),
            .integer(queue)
        )
    }
}

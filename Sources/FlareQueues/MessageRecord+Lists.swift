import FlareModel
import FlareStore

/// Reading a queue without touching it, and removing many of its messages.
extension MessageRecord {
    /// The oldest living messages after a place in the order of arrival, whether visible, delayed or leased.
    static func living(queueID: String, after: Int64, limit: Int, in tx: Transaction) throws -> [StoredMessage] {
        let sql = """
            SELECT \(columns) FROM queue_messages
            WHERE queue_id = ? AND died_at IS NULL AND sequence > ? ORDER BY sequence LIMIT ?
            """
        return try tx.rows(sql, .text(queueID), .integer(after), SQLValue(limit), decode: stored)
    }

    /// The oldest dead messages.
    static func dead(queueID: String, limit: Int, in tx: Transaction) throws -> [StoredMessage] {
        let sql = """
            SELECT \(columns) FROM queue_messages
            WHERE queue_id = ? AND died_at IS NOT NULL ORDER BY sequence LIMIT ?
            """
        return try tx.rows(sql, .text(queueID), SQLValue(limit), decode: stored)
    }

    /// When the oldest living message was sent.
    static func oldest(queueID: String, in tx: Transaction) throws -> Timestamp? {
        try tx.row(
            """
            SELECT enqueued_at FROM queue_messages WHERE queue_id = ? AND died_at IS NULL ORDER BY sequence LIMIT 1
            """,
            .text(queueID)
        ) { $0.time(0) }
    }

    /// The highest sequence given so far, over all queues; 0 when none was.
    static func lastSequence(in tx: Transaction) throws -> Int64 {
        try tx.row("SELECT seq FROM sqlite_sequence WHERE name = 'queue_messages'") { $0.integer(0) } ?? 0
    }

    /// What a push consumer's schedule needs to know, counting no more than `limit` visible messages.
    static func backlog(queueID: String, now: Timestamp, limit: Int, in tx: Transaction) throws -> VisibleBacklog {
        let visible = try tx.rows(
            """
            SELECT visible_at FROM queue_messages
            WHERE queue_id = ? AND died_at IS NULL AND visible_at <= ? ORDER BY visible_at, sequence LIMIT ?
            """,
            .text(queueID),
            .integer(now.milliseconds),
            SQLValue(limit)
        ) { $0.time(0) }
        let next = try tx.row(
            """
            SELECT visible_at FROM queue_messages
            WHERE queue_id = ? AND died_at IS NULL AND visible_at > ? ORDER BY visible_at, sequence LIMIT 1
            """,
            .text(queueID),
            .integer(now.milliseconds)
        ) { $0.time(0) }
        return VisibleBacklog(visible: visible.count, visibleSince: visible.first, nextVisible: next)
    }

    /// What one step of the retention sweep did.
    struct Expiry {
        var removed: [Int] = []
        /// When the queue must be looked at again; nil while it has no living message.
        var next: Timestamp?
    }

    /// Removes the oldest messages that were sent before `cutoff`, at most `limit`.
    ///
    /// Leased ones are left to their holders until the lease ends.
    static func expire(
        queueID: String,
        retention: Duration,
        now: Timestamp,
        limit: Int,
        in tx: Transaction
    ) throws -> Expiry {
        let rows = try tx.rows(
            """
            SELECT sequence, enqueued_at, visible_at, lease_token IS NOT NULL, length(body) FROM queue_messages
            WHERE queue_id = ? AND died_at IS NULL ORDER BY sequence LIMIT ?
            """,
            .text(queueID),
            SQLValue(limit)
        ) { ($0.integer(0), $0.time(1) + retention, $0.time(2), $0.bool(3), $0.int(4)) }
        var expiry = Expiry()
        for (sequence, expiresAt, visibleAt, hasLease, bytes) in rows {
            if expiresAt > now {
                expiry.next = min(expiry.next ?? expiresAt, expiresAt)
                return expiry
            }
            if hasLease, visibleAt > now {
                expiry.next = min(expiry.next ?? visibleAt, visibleAt)
                continue
            }
            try delete(sequence: sequence, in: tx)
            expiry.removed.append(bytes)
        }
        // All rows read were past their time: more may follow.
        if rows.count == limit { expiry.next = now }
        return expiry
    }

    /// Removes up to `limit` messages of a queue up to a place, living, leased or dead.
    ///
    /// Returns the bytes of each living one, and how many dead ones there were.
    static func purge(
        queueID: String,
        upTo last: Int64,
        limit: Int,
        in tx: Transaction
    ) throws -> (living: [Int], dead: Int) {
        let living = try tx.rows(
            """
            DELETE FROM queue_messages WHERE sequence IN (
                SELECT sequence FROM queue_messages WHERE queue_id = ? AND died_at IS NULL AND sequence <= ?
                ORDER BY sequence LIMIT ?
            ) RETURNING length(body)
            """,
            .text(queueID),
            .integer(last),
            SQLValue(limit)
        ) { $0.int(0) }
        let dead = try tx.execute(
            """
            DELETE FROM queue_messages WHERE sequence IN (
                SELECT sequence FROM queue_messages WHERE queue_id = ? AND died_at IS NOT NULL AND sequence <= ?
                ORDER BY sequence LIMIT ?
            )
            """,
            .text(queueID),
            .integer(last),
            SQLValue(limit)
        )
        return (living, dead)
    }
}

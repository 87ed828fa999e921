import FlareModel
import FlareStore

/// The rows of `queue_messages`.
///
/// Every statement on them is here; counters are the callers' duty.
enum MessageRecord {
    /// Who holds a lease.
    ///
    /// Leases of `push` consumers end with the engine's process, those of `pull` clients do not.
    enum Holder: String {
        case push
        case pull
    }

    /// What settling or removing a leased message needs to know of it.
    struct Leased {
        let sequence: Int64
        let queueID: String
        let attempts: Int
        let bytes: Int
    }

    /// A message that could be leased.
    struct Candidate {
        let sequence: Int64
        let attempts: Int
        let bytes: Int
        /// Its last lease ran out without a word of its holder.
        let wasAbandoned: Bool
    }

    static let columns = """
        sequence, id, body, content_type, attempts, enqueued_at, visible_at, lease_token, died_at, origin_queue, reason
        """

    static func stored(_ row: SQLRow) -> StoredMessage {
        StoredMessage(
            sequence: row.integer(0),
            id: row.text(1),
            body: row.blob(2),
            contentType: MessageContentType(rawValue: row.text(3)) ?? .bytes,
            attempts: row.int(4),
            timestamp: row.time(5),
            visibleAt: row.time(6),
            isLeased: !row.isNull(7),
            diedAt: row.optionalTime(8),
            origin: row.optionalText(10).map { MessageOrigin(queue: row.optionalText(9), reason: $0) }
        )
    }

    /// Adds a message and returns its sequence.
    static func insert(
        id: String,
        queueID: String,
        message: NewMessage,
        enqueuedAt: Timestamp,
        visibleAt: Timestamp,
        origin: MessageOrigin? = nil,
        in tx: Transaction
    ) throws -> Int64 {
        try tx.execute(
            """
            INSERT INTO queue_messages
                (id, queue_id, enqueued_at, visible_at, origin_queue, reason, content_type, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .text(id),
            .text(queueID),
            .integer(enqueuedAt.milliseconds),
            .integer(visibleAt.milliseconds),
            SQLValue(origin?.queue),
            SQLValue(origin?.reason),
            .text(message.contentType.rawValue),
            .blob(message.body)
        )
        return tx.lastInsertedRowID
    }

    // MARK: Leases

    /// The messages that may be leased now, those that became visible first in front.
    static func candidates(queueID: String, now: Timestamp, limit: Int, in tx: Transaction) throws -> [Candidate] {
        try tx.rows(
            """
            SELECT sequence, attempts, length(body), lease_token IS NOT NULL FROM queue_messages
            WHERE queue_id = ? AND died_at IS NULL AND visible_at <= ? ORDER BY visible_at, sequence LIMIT ?
            """,
            .text(queueID),
            .integer(now.milliseconds),
            SQLValue(limit)
        ) { Candidate(sequence: $0.integer(0), attempts: $0.int(1), bytes: $0.int(2), wasAbandoned: $0.bool(3)) }
    }

    static func lease(
        sequence: Int64,
        token: String,
        holder: Holder,
        until: Timestamp,
        in tx: Transaction
    ) throws -> LeasedMessage? {
        try tx.row(
            """
            UPDATE queue_messages SET attempts = attempts + 1, visible_at = ?, lease_token = ?, lease_holder = ?
            WHERE sequence = ? RETURNING \(columns)
            """,
            .integer(until.milliseconds),
            .text(token),
            .text(holder.rawValue),
            .integer(sequence)
        ) { row in
            let message = stored(row)
            return LeasedMessage(
                id: message.id,
                body: message.body,
                contentType: message.contentType,
                attempts: message.attempts,
                timestamp: message.timestamp,
                leaseID: LeaseID(sequence: message.sequence, token: token).text,
                origin: message.origin
            )
        }
    }

    /// The message that a lease is on, or nil when the lease is no longer its newest or the message is gone.
    static func find(_ lease: LeaseID, in tx: Transaction) throws -> Leased? {
        try tx.row(
            """
            SELECT sequence, queue_id, attempts, length(body) FROM queue_messages
            WHERE sequence = ? AND lease_token = ?
            """,
            .integer(lease.sequence),
            .text(lease.token)
        ) { Leased(sequence: $0.integer(0), queueID: $0.text(1), attempts: $0.int(2), bytes: $0.int(3)) }
    }

    /// Ends a lease: the message is offered again at `visibleAt`.
    static func offerAgain(sequence: Int64, at visibleAt: Timestamp, attempts: Int, in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queue_messages SET visible_at = ?, attempts = ?, lease_token = NULL, lease_holder = NULL
            WHERE sequence = ?
            """,
            .integer(visibleAt.milliseconds),
            SQLValue(attempts),
            .integer(sequence)
        )
    }

    /// Ends all leases of push consumers, uncounted, and returns the queues they were in.
    static func releasePushLeases(now: Timestamp, in tx: Transaction) throws -> Set<String> {
        Set(
            try tx.rows(
                """
                UPDATE queue_messages SET visible_at = ?, attempts = attempts - 1, lease_token = NULL,
                    lease_holder = NULL
                WHERE lease_holder = 'push' RETURNING queue_id
                """,
                .integer(now.milliseconds)
            ) { $0.text(0) }
        )
    }

    // MARK: The end of a message

    static func delete(sequence: Int64, in tx: Transaction) throws {
        try tx.execute("DELETE FROM queue_messages WHERE sequence = ?", .integer(sequence))
    }

    /// Keeps a message whose last attempt failed, out of delivery's reach.
    static func markDead(sequence: Int64, reason: String, now: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queue_messages SET died_at = ?, reason = ?, lease_token = NULL, lease_holder = NULL
            WHERE sequence = ?
            """,
            .integer(now.milliseconds),
            .text(reason),
            .integer(sequence)
        )
    }

    /// One message by its place in a queue, whatever its state.
    static func find(sequence: Int64, queueID: String, in tx: Transaction) throws -> StoredMessage? {
        let sql = "SELECT \(columns) FROM queue_messages WHERE sequence = ? AND queue_id = ?"
        return try tx.row(sql, .integer(sequence), .text(queueID), decode: stored)
    }
}

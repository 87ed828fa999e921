import FlareModel
import FlareStore

/// More time for leases.
extension MessageRecord {
    /// Moves the end of a lease; false when it is not the message's newest.
    ///
    /// One that has run out counts as long as nobody else has got its message.
    static func extend(_ lease: LeaseID, queueID: String, until: Timestamp, in tx: Transaction) throws -> Bool {
        try tx.row(
            """
            UPDATE queue_messages SET visible_at = ? WHERE sequence = ? AND lease_token = ? AND queue_id = ?
            RETURNING sequence
            """,
            .integer(until.milliseconds),
            .integer(lease.sequence),
            .text(lease.token),
            .text(queueID)
        ) { $0.integer(0) } != nil
    }
}

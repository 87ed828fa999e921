package import FlareModel
import FlareStore

/// A row of `queue_counters`: what waits in a queue now, and what has happened to its messages since it was created.
///
/// Kept beside the messages and changed in the same transactions, so that a send can answer the size of a backlog of
/// millions without counting it.
package struct QueueCounters: Sendable, Hashable {
    /// Messages that wait or are leased; dead ones are not among them.
    package var waiting = 0
    package var waitingBytes = 0
    /// Messages whose last attempt failed and that stay here, for want of a dead letter queue.
    package var dead = 0
    package var accepted = 0
    package var acknowledged = 0
    package var retried = 0
    /// Messages whose last attempt failed, wherever they are now.
    package var died = 0
    /// Messages removed because the retention ran out.
    package var expired = 0

    package init() {}

    mutating func add(_ other: QueueCounters) {
        waiting += other.waiting
        waitingBytes += other.waitingBytes
        dead += other.dead
        accepted += other.accepted
        acknowledged += other.acknowledged
        retried += other.retried
        died += other.died
        expired += other.expired
    }

    static func find(queueID: String, in tx: Transaction) throws -> QueueCounters {
        try tx.row(
            """
            SELECT waiting, waiting_bytes, dead, accepted, acknowledged, retried, died, expired
            FROM queue_counters WHERE queue_id = ?
            """,
            .text(queueID)
        ) { row in
            var counters = QueueCounters()
            counters.waiting = row.int(0)
            counters.waitingBytes = row.int(1)
            counters.dead = row.int(2)
            counters.accepted = row.int(3)
            counters.acknowledged = row.int(4)
            counters.retried = row.int(5)
            counters.died = row.int(6)
            counters.expired = row.int(7)
            return counters
        } ?? QueueCounters()
    }

    /// Adds these counts, which may be negative, to those of a queue.
    func add(to queueID: String, in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queue_counters SET waiting = waiting + ?, waiting_bytes = waiting_bytes + ?, dead = dead + ?,
                accepted = accepted + ?, acknowledged = acknowledged + ?, retried = retried + ?, died = died + ?,
                expired = expired + ?
            WHERE queue_id = ?
            """,
            SQLValue(waiting),
            SQLValue(waitingBytes),
            SQLValue(dead),
            SQLValue(accepted),
            SQLValue(acknowledged),
            SQLValue(retried),
            SQLValue(died),
            SQLValue(expired),
            .text(queueID)
        )
    }
}

/// The latest purge of a queue, kept in its row of `queue_counters`.
package struct PurgeReport: Sendable, Hashable {
    package let startedAt: Timestamp
    /// Messages that it removed.
    package let removed: Int

    static func find(queueID: String, in tx: Transaction) throws -> PurgeReport? {
        try tx.row(
            "SELECT purged_at, purged FROM queue_counters WHERE queue_id = ? AND purged_at IS NOT NULL",
            .text(queueID)
        ) { PurgeReport(startedAt: $0.time(0), removed: $0.int(1)) }
    }

    func save(queueID: String, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE queue_counters SET purged_at = ?, purged = ? WHERE queue_id = ?",
            .integer(startedAt.milliseconds),
            SQLValue(removed),
            .text(queueID)
        )
    }
}

/// The size and age of a queue's backlog, as producers and consumers are told it.
package struct QueueMetrics: Sendable, Hashable {
    package var backlogCount: Int
    package var backlogBytes: Int
    package var oldestMessage: Timestamp?
}

package import FlareModel
import FlareStore

/// How a queue stands at one moment.
package struct QueueStats: Sendable {
    package let info: QueueInfo
    package let visible: Int
    package let leased: Int
    package let delayed: Int
    package let nextVisible: Timestamp?
    package let rates: QueueRates
    /// Batches that are with the push consumer.
    package let batches: Int
}

extension QueueService {
    /// How a queue stands, found without counting its messages.
    package func stats(_ nameOrID: String) async throws -> QueueStats {
        try await database.read { tx in
            let now = self.time.now()
            let queue = try self.record(named: nameOrID, in: tx)
            let info = try self.info(of: queue, in: tx)
            let leased = try SpanRecord.leased(queue.number, now: now, in: tx)
            let visible = try self.visible(queue, info.counters.waiting - leased, now: now, in: tx)
            return QueueStats(
                info: info,
                visible: visible,
                leased: leased,
                delayed: info.counters.waiting - leased - visible,
                nextVisible: try SpanRecord.nextVisible(queue.number, now: now, in: tx),
                rates: self.activity.rates(of: queue.id, now: now),
                batches: self.activity.batches(of: queue.id)
            )
        }
    }

    /// Visible messages: counts from both sides of now, further each time, so that the work is that of the smaller one.
    private func visible(_ queue: QueueRecord, _ unleased: Int, now: Timestamp, in tx: Transaction) throws -> Int {
        var limit = 64
        while true {
            if let delayed = try SpanRecord.count(queue.number, visible: false, now: now, limit: limit, in: tx) {
                return unleased - delayed
            }
            if let visible = try SpanRecord.count(queue.number, visible: true, now: now, limit: limit, in: tx) {
                return visible
            }
            limit *= 4
        }
    }
}

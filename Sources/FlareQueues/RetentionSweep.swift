import FlareModel
import FlareStore
import Logging

/// Removes messages that nobody acknowledged within their queue's retention.
///
/// Sleeps until the next one is due.
struct RetentionSweep {
    let queues: QueueService

    func run(until stop: StopSignal) async {
        while !stop.isSet, !Task.isCancelled {
            var next: Timestamp?
            queues.signals.sweepBegins()
            do {
                next = try await sweep()
            } catch {
                queues.logger.error("expired messages could not be removed", metadata: ["error": "\(error)"])
                next = queues.time.now()
            }
            let soonest = queues.time.now() + .milliseconds(Limits.retentionSweepMilliseconds)
            let deadline = queues.signals.sweepEnds(next: next, soonest: soonest)
            await queues.signals.sweep.wait(until: deadline, time: queues.time)
        }
    }

    /// Sweeps all queues once, in bounded steps.
    ///
    /// Returns when the next message is due.
    func sweep() async throws -> Timestamp? {
        var next: Timestamp?
        for queue in try await queues.database.read({ try QueueRecord.all(in: $0) }) {
            while let due = try await sweep(queue) {
                guard due <= queues.time.now() else {
                    next = min(next ?? due, due)
                    break
                }
            }
        }
        return next
    }

    private func sweep(_ queue: QueueRecord) async throws -> Timestamp? {
        let now = queues.time.now()
        let retention = Duration.seconds(queue.settings.retentionSeconds)
        // Most sweeps find nothing due: look first, without keeping the writer busy.
        let found = try await queues.database.read { try SpanRecord.oldest(queue.number, in: $0) }
        guard let oldest = found else { return nil }
        guard oldest + retention <= now else { return oldest + retention }
        let expiry = try await queues.database.write { [queues] tx in
            let expiry = try Self.expire(queue, retention, now: now, in: tx)
            var counts = QueueCounters()
            counts.waiting = -expiry.removed
            counts.waitingBytes = -expiry.bytes
            counts.expired = expiry.removed
            try queues.add(counts, to: queue.id, at: now, in: tx)
            return expiry
        }
        if expiry.removed > 0 { Self.tell(of: expiry.removed, in: queue, queues.logger) }
        return expiry.next
    }

    /// Puts messages that were removed into the log.
    static func tell(of count: Int, in queue: QueueRecord, _ logger: Logger) {
        logger.warning(
            "messages were removed because their retention ran out",
            metadata: ["queue": "\(queue.name)", "messages": "\(count)"]
        )
    }

    /// What one step of the sweep did.
    private struct Expiry {
        var removed = 0
        var bytes = 0
        /// When the queue must be looked at again; nil while it has no living message.
        var next: Timestamp?
    }

    /// Removes the oldest messages that have outlived the retention, a bounded number of them.
    ///
    /// Leased ones are left to their holders until the lease ends.
    private static func expire(
        _ queue: QueueRecord,
        _ retention: Duration,
        now: Timestamp,
        in tx: Transaction
    ) throws -> Expiry {
        var expiry = Expiry()
        let limit = Limits.messageSweepRows
        let spans = try SpanRecord.after(-1, of: queue.number, limit: limit, in: tx)
        for span in spans {
            let expiresAt = span.enqueuedAt + retention
            if expiresAt > now {
                expiry.next = min(expiry.next ?? expiresAt, expiresAt)
                return expiry
            }
            if span.isLeased(at: now) {
                expiry.next = min(expiry.next ?? span.visibleAt, span.visibleAt)
                continue
            }
            try span.delete(in: tx)
            expiry.removed += span.count
            expiry.bytes += span.bytes
            if expiry.bytes > Limits.messageSweepBytes { break }
        }
        // All that was read was past its time: more may follow.
        if expiry.removed > 0, spans.count == limit || expiry.bytes > Limits.messageSweepBytes { expiry.next = now }
        return expiry
    }
}

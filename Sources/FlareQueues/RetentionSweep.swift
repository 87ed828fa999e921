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
            do {
                next = try await sweep()
            } catch {
                queues.logger.error("expired messages could not be removed", metadata: ["error": "\(error)"])
                next = queues.time.now()
            }
            let soonest = queues.time.now() + .milliseconds(Limits.retentionSweepMilliseconds)
            let deadline = next.map { max($0, soonest) }
            queues.signals.sweepSleeps(until: deadline)
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
        let found = try await queues.database.read { try MessageRecord.oldest(queueID: queue.id, in: $0) }
        guard let oldest = found else { return nil }
        guard oldest + retention <= now else { return oldest + retention }
        let expiry = try await queues.database.write { tx in
            let expiry = try MessageRecord.expire(
                queueID: queue.id,
                retention: retention,
                now: now,
                limit: Limits.messageSweepRows,
                in: tx
            )
            var counts = QueueCounters()
            counts.waiting = -expiry.removed.count
            counts.waitingBytes = -expiry.removed.reduce(0, +)
            counts.expired = expiry.removed.count
            try counts.add(to: queue.id, in: tx)
            return expiry
        }
        if !expiry.removed.isEmpty {
            queues.logger.warning(
                "messages were removed because their retention ran out",
                metadata: ["queue": "\(queue.name)", "messages": "\(expiry.removed.count)"]
            )
        }
        return expiry.next
    }
}

import FlareModel
import FlareStore

/// Looking at what lies in a queue, removing it, and giving dead messages a new life.
extension QueueService {
    /// The oldest messages, living or dead.
    ///
    /// Changes nothing, neither attempts nor visibility.
    package func peek(_ nameOrID: String, limit: Int, dead: Bool = false) async throws -> [StoredMessage] {
        guard (1...Limits.messageBatchMax).contains(limit) else {
            throw FlareError(
                .invalidArgument,
                "peek takes 1 to \(Limits.messageBatchMax) messages, not \(limit)"
            )
        }
        return try await database.read { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            return dead
                ? try MessageRecord.dead(queueID: queue.id, limit: limit, in: tx)
                : try MessageRecord.living(queueID: queue.id, after: 0, limit: limit, in: tx)
        }
    }

    /// The size and age of a queue's backlog.
    package func metrics(_ nameOrID: String) async throws -> QueueMetrics {
        try await database.read { tx in
            try self.metrics(of: self.record(named: nameOrID, in: tx).id, in: tx)
        }
    }

    /// Removes all messages that are in the queue now: waiting, delayed, leased and dead.
    package func purge(_ nameOrID: String) async throws -> PurgeReport {
        let startedAt = time.now()
        let queueID = try await database.read { try self.record(named: nameOrID, in: $0).id }
        let report = PurgeReport(startedAt: startedAt, removed: try await removeMessages(of: queueID))
        try await database.write { tx in try report.save(queueID: queueID, in: tx) }
        return report
    }

    /// The latest purge of a queue, or nil when there was none.
    package func lastPurge(of nameOrID: String) async throws -> PurgeReport? {
        try await database.read { tx in
            try PurgeReport.find(queueID: self.record(named: nameOrID, in: tx).id, in: tx)
        }
    }

    /// Removes in bounded steps what lies in a queue when it is called; what is sent meanwhile stays.
    @discardableResult
    func removeMessages(of queueID: String) async throws -> Int {
        let last = try await database.read { try MessageRecord.lastSequence(in: $0) }
        var total = 0
        while true {
            let removed = try await database.write { tx in
                let (living, dead) = try MessageRecord.purge(
                    queueID: queueID,
                    upTo: last,
                    limit: Limits.messageSweepRows,
                    in: tx
                )
                var counts = QueueCounters()
                counts.waiting = -living.count
                counts.waitingBytes = -living.reduce(0, +)
                counts.dead = -dead
                try counts.add(to: queueID, in: tx)
                return living.count + dead
            }
            if removed == 0 { return total }
            total += removed
        }
    }

    /// Removes single messages by the `ref` that a peek gave.
    ///
    /// Returns, for each that is not there, the reason.
    package func remove(_ references: [String], from nameOrID: String) async throws -> [String: String] {
        try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            var warnings: [String: String] = [:]
            var counts = QueueCounters()
            for reference in references {
                guard let sequence = Int64(reference),
                    let message = try MessageRecord.find(sequence: sequence, queueID: queue.id, in: tx)
                else {
                    warnings[reference] = "the message is not in queue \"\(queue.name)\""
                    continue
                }
                try MessageRecord.delete(sequence: sequence, in: tx)
                if message.diedAt == nil {
                    counts.waiting -= 1
                    counts.waitingBytes -= message.body.count
                } else {
                    counts.dead -= 1
                }
            }
            try counts.add(to: queue.id, in: tx)
            return warnings
        }
    }

    /// Offers the dead messages of a queue again, from their first attempt.
    ///
    /// Returns how many.
    package func redrive(_ nameOrID: String) async throws -> Int {
        let queue = try await database.read { try self.record(named: nameOrID, in: $0) }
        var total = 0
        while true {
            let moved = try await database.write { tx in
                let now = self.time.now()
                let messages = try MessageRecord.dead(queueID: queue.id, limit: Limits.messageBatchMax, in: tx)
                for message in messages {
                    try MessageRecord.delete(sequence: message.sequence, in: tx)
                    // Dead lettered once before it died here: that history stays.
                    let origin = message.origin.flatMap { $0.queue == nil ? nil : $0 }
                    try self.move(message, to: queue, origin: origin, at: now, in: tx)
                }
                var counts = QueueCounters()
                counts.dead = -messages.count
                counts.accepted = -messages.count
                try counts.add(to: queue.id, in: tx)
                return messages.count
            }
            if moved == 0 { return total }
            total += moved
        }
    }
}

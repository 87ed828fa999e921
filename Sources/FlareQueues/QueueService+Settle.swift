import FlareModel
package import FlareStore
import Logging

/// What a holder says about the deliveries it has had.
package struct Settlement: Sendable {
    /// A failed delivery.
    package struct Retry: Sendable {
        package var leaseID: String
        /// Seconds before the next attempt; nil takes the consumer's own.
        package var delaySeconds: Int?
        /// Kept with the message if this was its last attempt.
        package var reason: String

        package init(leaseID: String, delaySeconds: Int? = nil, reason: String = "the consumer asked for a retry") {
            self.leaseID = leaseID
            self.delaySeconds = delaySeconds
            self.reason = reason
        }
    }

    /// A delivery that does not count: the message was given back untouched.
    package struct Release: Sendable {
        package var leaseID: String
        package var delaySeconds: Int

        package init(leaseID: String, delaySeconds: Int = 0) {
            self.leaseID = leaseID
            self.delaySeconds = delaySeconds
        }
    }

    package var acks: [String]
    package var retries: [Retry]
    package var releases: [Release]

    package init(acks: [String] = [], retries: [Retry] = [], releases: [Release] = []) {
        self.acks = acks
        self.retries = retries
        self.releases = releases
    }
}

/// What a settlement did.
package struct SettlementReport: Sendable {
    package var acknowledged = 0
    package var retried = 0
    package var released = 0
    /// Leases that did nothing, because a newer one has replaced them or their message is gone, with the reason.
    package var warnings: [String: String] = [:]
}

extension QueueService {
    /// Acknowledges deliveries in the caller's transaction.
    ///
    /// Throws `preconditionFailed` when one of the leases has been replaced or settled: the message is somebody else's
    /// now, so the work done for it must be undone.
    package func acknowledge(_ leaseIDs: [String], in tx: Transaction) throws {
        var report = SettlementReport()
        try settle(Settlement(acks: leaseIDs), queueID: nil, report: &report, in: tx)
        if let stale = report.warnings.keys.min() {
            throw FlareError(.preconditionFailed, "lease \"\(stale)\" is no longer valid")
        }
    }

    /// Acknowledges, retries and releases deliveries of one queue.
    ///
    /// Stale leases are reported, not errors.
    package func settle(_ settlement: Settlement, queue nameOrID: String) async throws -> SettlementReport {
        for retry in settlement.retries { try NewMessage.validate(delaySeconds: retry.delaySeconds) }
        for release in settlement.releases { try NewMessage.validate(delaySeconds: release.delaySeconds) }
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            var report = SettlementReport()
            try self.settle(settlement, queueID: queue.id, report: &report, in: tx)
            return report
        }
    }

    /// Carries a settlement out.
    ///
    /// With `queueID`, leases of other queues count as stale.
    func settle(
        _ settlement: Settlement,
        queueID: String?,
        report: inout SettlementReport,
        in tx: Transaction
    ) throws {
        let now = time.now()
        var counts: [String: QueueCounters] = [:]
        for leaseID in settlement.acks {
            guard let leased = try find(leaseID, queueID: queueID, report: &report, in: tx) else { continue }
            try MessageRecord.delete(sequence: leased.sequence, in: tx)
            counts[leased.queueID, default: QueueCounters()].waiting -= 1
            counts[leased.queueID, default: QueueCounters()].waitingBytes -= leased.bytes
            counts[leased.queueID, default: QueueCounters()].acknowledged += 1
            report.acknowledged += 1
        }
        for (queueID, counters) in counts { try counters.add(to: queueID, in: tx) }
        var rules: [String: RetryRule] = [:]
        for retry in settlement.retries {
            guard let leased = try find(retry.leaseID, queueID: queueID, report: &report, in: tx) else { continue }
            let rule = try rules[leased.queueID] ?? RetryRule(ConsumerRecord.find(queueID: leased.queueID, in: tx))
            rules[leased.queueID] = rule
            let fate = rule.failed(attempt: leased.attempts, delaySeconds: retry.delaySeconds, reason: retry.reason)
            try carryOut(fate, on: leased, at: now, in: tx)
            report.retried += 1
        }
        for release in settlement.releases {
            guard let leased = try find(release.leaseID, queueID: queueID, report: &report, in: tx) else { continue }
            let visibleAt = now + .seconds(release.delaySeconds)
            let attempts = max(leased.attempts - 1, 0)
            try MessageRecord.offerAgain(sequence: leased.sequence, at: visibleAt, attempts: attempts, in: tx)
            tx.afterCommit { self.signals.notify(leased.queueID) }
            report.released += 1
        }
    }

    private func find(
        _ leaseID: String,
        queueID: String?,
        report: inout SettlementReport,
        in tx: Transaction
    ) throws -> MessageRecord.Leased? {
        if let lease = LeaseID(leaseID), let leased = try MessageRecord.find(lease, in: tx),
            queueID == nil || leased.queueID == queueID
        {
            return leased
        }
        report.warnings[leaseID] = "the lease is no longer valid: its message was settled or delivered again"
        return nil
    }

    /// Does with a message what the rule has decided after a failed attempt.
    func carryOut(
        _ fate: RetryRule.Fate,
        on leased: MessageRecord.Leased,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        var counts = QueueCounters()
        switch fate {
        case .retry(let delaySeconds):
            let visibleAt = now + .seconds(delaySeconds)
            try MessageRecord.offerAgain(sequence: leased.sequence, at: visibleAt, attempts: leased.attempts, in: tx)
            counts.retried = 1
        case .deadLetter(let queueName, let reason):
            try moveToDeadLetters(leased, queueName, reason: reason, at: now, in: tx)
            counts.waiting = -1
            counts.waitingBytes = -leased.bytes
            counts.died = 1
        case .dead(let reason):
            try MessageRecord.markDead(sequence: leased.sequence, reason: reason, now: now, in: tx)
            counts.waiting = -1
            counts.waitingBytes = -leased.bytes
            counts.dead = 1
            counts.died = 1
            tx.afterCommit {
                self.logger.warning(
                    "a message failed its last attempt and is kept as dead: its queue has no dead letter queue",
                    metadata: ["queue": "\(leased.queueID)", "attempts": "\(leased.attempts)", "reason": "\(reason)"]
                )
            }
        }
        try counts.add(to: leased.queueID, in: tx)
        tx.afterCommit { self.signals.notify(leased.queueID) }
    }

    private func moveToDeadLetters(
        _ leased: MessageRecord.Leased,
        _ queueName: String,
        reason: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        let found = try MessageRecord.find(sequence: leased.sequence, queueID: leased.queueID, in: tx)
        guard let message = found else { return }
        let source = try QueueRecord.find(id: leased.queueID, in: tx)?.name
        try MessageRecord.delete(sequence: leased.sequence, in: tx)
        try move(
            message,
            to: ensure(named: queueName, in: tx),
            origin: MessageOrigin(queue: source, reason: reason),
            at: now,
            in: tx
        )
        tx.afterCommit {
            self.logger.warning(
                "a message failed its last attempt and was moved to the dead letter queue",
                metadata: ["queue": "\(source ?? leased.queueID)", "to": "\(queueName)", "reason": "\(reason)"]
            )
        }
    }

    /// Adds a message that was taken out of its place to a queue, as one that has not been delivered yet.
    func move(
        _ message: StoredMessage,
        to queue: QueueRecord,
        origin: MessageOrigin?,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        try add(
            NewMessage(body: message.body, contentType: message.contentType),
            id: message.id,
            to: queue,
            at: now,
            visibleAt: now,
            origin: origin,
            in: tx
        )
        var counts = QueueCounters()
        counts.waiting = 1
        counts.waitingBytes = message.body.count
        counts.accepted = 1
        try counts.add(to: queue.id, in: tx)
        announce(in: queue, at: now, tx)
    }
}

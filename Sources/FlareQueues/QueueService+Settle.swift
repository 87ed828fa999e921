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
    /// With `queueID`, leases of other queues count as stale. The first word on a delivery counts: a lease that is
    /// named again is stale.
    func settle(
        _ settlement: Settlement,
        queueID: String?,
        report: inout SettlementReport,
        in tx: Transaction
    ) throws {
        let now = time.now()
        var queues = SettledQueues(only: queueID)
        for run in LeaseRun.runs(settlement.acks.map { ($0, $0) }, stale: { report.refuse($0) }) {
            for (span, queue) in try spans(of: run, &queues, &report, in: tx) {
                try span.delete(in: tx)
                queues.counters[queue.id, default: QueueCounters()].waiting -= span.count
                queues.counters[queue.id, default: QueueCounters()].waitingBytes -= span.bytes
                queues.counters[queue.id, default: QueueCounters()].acknowledged += span.count
                report.acknowledged += span.count
            }
        }
        for (queueID, counters) in queues.counters { try add(counters, to: queueID, at: now, in: tx) }
        let retries = LeaseRun.runs(settlement.retries.map { ($0.leaseID, $0) }, stale: { report.refuse($0) }) {
            $0.delaySeconds == $1.delaySeconds && $0.reason == $1.reason
        }
        for run in retries {
            for (span, queue) in try spans(of: run, &queues, &report, in: tx) {
                let rule = try queues.rule(of: queue, in: tx)
                let fate = rule.failed(
                    attempt: span.attempts,
                    delaySeconds: run.value.delaySeconds,
                    reason: run.value.reason
                )
                try carryOut(fate, on: span, of: queue, at: now, in: tx)
                report.retried += span.count
            }
        }
        let releases = LeaseRun.runs(settlement.releases.map { ($0.leaseID, $0) }, stale: { report.refuse($0) }) {
            $0.delaySeconds == $1.delaySeconds
        }
        for run in releases {
            for (span, queue) in try spans(of: run, &queues, &report, in: tx) {
                var span = span
                span.visibleAt = now + .seconds(run.value.delaySeconds)
                span.attempts = max(span.attempts - 1, 0)
                span.lease = nil
                try putBack(span, into: queue, at: now, in: tx)
                report.released += span.count
            }
        }
    }

    /// The spans, cut to size, on which the leases of a run are valid; the others are reported.
    private func spans<Value>(
        of run: LeaseRun<Value>,
        _ queues: inout SettledQueues,
        _ report: inout SettlementReport,
        in tx: Transaction
    ) throws -> [(SpanRecord, QueueRecord)] {
        var result: [(SpanRecord, QueueRecord)] = []
        var sequence = run.first
        while sequence < run.end {
            guard let span = try SpanRecord.find(sequence, in: tx), span.lease?.token == run.token,
                let queue = try queues.find(span.queue, in: tx)
            else {
                report.refuse(run.texts[Int(sequence - run.first)])
                sequence += 1
                continue
            }
            let range = sequence..<min(run.end, span.sequences.upperBound)
            result.append((try span.isolate(range, in: tx), queue))
            sequence = range.upperBound
        }
        return result
    }

    /// Ends messages whose last attempt was with a push consumer when the engine died: a message that takes the engine
    /// with it must not do so for ever.
    ///
    /// Where the consumer is gone, nobody has said how many attempts there are: those messages wait for the next one.
    func endExhaustedPushLeases(of queue: QueueRecord, in tx: Transaction) throws {
        guard let consumer = try ConsumerRecord.find(queueID: queue.id, in: tx) else { return }
        let now = time.now()
        let rule = RetryRule(consumer)
        for span in try SpanRecord.pushLeased(queue.number, in: tx) {
            guard rule.isExhausted(attempts: span.attempts) else { continue }
            let attempts = span.attempts
            let reason = "the engine died during attempt \(attempts), the last one, before its consumer had answered"
            try carryOut(rule.failed(attempt: attempts, reason: reason), on: span, of: queue, at: now, in: tx)
        }
    }

    /// Does with messages what the rule has decided after a failed attempt.
    func carryOut(
        _ fate: RetryRule.Fate,
        on span: SpanRecord,
        of queue: QueueRecord,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        var counts = QueueCounters()
        var span = span
        switch fate {
        case .retry(let delaySeconds):
            span.visibleAt = now + .seconds(delaySeconds)
            span.lease = nil
            try putBack(span, into: queue, at: now, in: tx)
            counts.retried = span.count
        case .deadLetter(let queueName, let reason):
            try moveToDeadLetters(span, of: queue, queueName, reason: reason, at: now, in: tx)
            counts.waiting = -span.count
            counts.waitingBytes = -span.bytes
            counts.died = span.count
        case .dead(let reason):
            span.diedAt = now
            span.reason = reason
            span.lease = nil
            try span.updateFate(in: tx)
            counts.waiting = -span.count
            counts.waitingBytes = -span.bytes
            counts.dead = span.count
            counts.died = span.count
            let (count, attempts) = (span.count, span.attempts)
            tx.afterCommit {
                self.logger.warning(
                    "messages failed their last attempt and are kept as dead: their queue has no dead letter queue",
                    metadata: [
                        "queue": "\(queue.name)", "messages": "\(count)", "attempts": "\(attempts)",
                        "reason": "\(reason)",
                    ]
                )
            }
        }
        try add(counts, to: queue.id, at: now, in: tx)
        tx.afterCommit { self.signals.notify(queue.id) }
    }

    /// Lets messages be delivered again, or removes them when their retention ran out while they were leased.
    ///
    /// The sweep left them to their holder, and would come to them after the next one.
    private func putBack(_ span: SpanRecord, into queue: QueueRecord, at now: Timestamp, in tx: Transaction) throws {
        guard span.enqueuedAt + .seconds(queue.settings.retentionSeconds) <= now else {
            try span.updateFate(in: tx)
            return tx.afterCommit { self.signals.notify(queue.id) }
        }
        try span.delete(in: tx)
        var counts = QueueCounters()
        counts.waiting = -span.count
        counts.waitingBytes = -span.bytes
        counts.expired = span.count
        try add(counts, to: queue.id, at: now, in: tx)
        let count = span.count
        tx.afterCommit { RetentionSweep.tell(of: count, in: queue, self.logger) }
    }

    private func moveToDeadLetters(
        _ span: SpanRecord,
        of queue: QueueRecord,
        _ queueName: String,
        reason: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        let messages = try span.messages(of: queue.id, tx)
        try span.delete(in: tx)
        let placed = messages.map { message in
            PlacedMessage(
                message: NewMessage(body: message.body, contentType: message.contentType),
                id: message.id,
                visibleAt: now,
                originQueue: queue.name,
                reason: reason
            )
        }
        try place(placed, in: ensure(named: queueName, in: tx), at: now, tx)
        tx.afterCommit {
            self.logger.warning(
                "messages failed their last attempt and were moved to the dead letter queue",
                metadata: [
                    "queue": "\(queue.name)", "to": "\(queueName)", "messages": "\(messages.count)",
                    "reason": "\(reason)",
                ]
            )
        }
    }
}

extension SettlementReport {
    fileprivate mutating func refuse(_ leaseID: String) {
        warnings[leaseID] = "the lease is no longer valid: its message was settled or delivered again"
    }
}

/// The queues that a settlement is about, read once.
private struct SettledQueues {
    /// With it, all other queues are none of the settlement's business.
    let only: String?
    private var records: [Int64: QueueRecord] = [:]
    private var rules: [String: RetryRule] = [:]
    var counters: [String: QueueCounters] = [:]

    init(only: String?) {
        self.only = only
    }

    mutating func find(_ number: Int64, in tx: Transaction) throws -> QueueRecord? {
        let record = try records[number] ?? QueueRecord.find(number: number, in: tx)
        records[number] = record
        return record.flatMap { only == nil || $0.id == only ? $0 : nil }
    }

    mutating func rule(of queue: QueueRecord, in tx: Transaction) throws -> RetryRule {
        let rule = try rules[queue.id] ?? RetryRule(ConsumerRecord.find(queueID: queue.id, in: tx))
        rules[queue.id] = rule
        return rule
    }
}

package import FlareModel
import FlareStore

/// The answer of a pull.
package struct PulledBatch: Sendable {
    package let batch: LeasedBatch
    package let metrics: QueueMetrics
}

/// Handing messages out.
extension QueueService {
    /// Leases up to `batchSize` visible messages to a client; by default as many and as long as the consumer says.
    ///
    /// Throws `deliveryPaused` on a paused queue.
    package func pull(
        _ nameOrID: String,
        batchSize: Int? = nil,
        visibilityMilliseconds: Int? = nil
    ) async throws -> PulledBatch {
        let (size, visibility) = try validated(batchSize, visibilityMilliseconds)
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            guard !queue.settings.deliveryPaused else {
                throw FlareError(
                    .deliveryPaused,
                    "queue_delivery_paused: delivery of queue \"\(queue.name)\" is paused",
                    hint: "resume it with: flare queues update \(queue.name) --resume"
                )
            }
            let consumer = try ConsumerRecord.find(queueID: queue.id, in: tx)
            let settings = consumer.flatMap { $0.target == .httpPull ? $0.settings : nil }
            let batch = try self.lease(
                queue,
                consumer,
                limit: size ?? settings?.batchSize ?? Limits.pullBatchDefault,
                holder: .pull,
                duration: .milliseconds(
                    visibility ?? settings?.visibilityMilliseconds ?? Limits.visibilityMillisecondsDefault
                ),
                in: tx
            )
            return PulledBatch(batch: batch, metrics: try self.metrics(of: queue.id, in: tx))
        }
    }

    /// Returns when a queue has a visible message and is not paused, or at `deadline`.
    ///
    /// Leases nothing.
    package func waitForMessages(in nameOrID: String, until deadline: Timestamp) async throws {
        let queueID = try await database.read { try self.record(named: nameOrID, in: $0).id }
        let watch = signals.watch(queueID)
        defer { watch.end() }
        while !Task.isCancelled {
            let now = time.now()
            guard now < deadline else { return }
            let (isPaused, backlog) = try await database.read { tx in
                (
                    try self.record(named: queueID, in: tx).settings.deliveryPaused,
                    try MessageRecord.backlog(queueID: queueID, now: now, limit: 1, in: tx)
                )
            }
            if backlog.visible > 0, !isPaused { return }
            await watch.wake.wait(until: min(deadline, backlog.nextVisible ?? deadline), time: time)
        }
    }

    private func validated(_ batchSize: Int?, _ visibility: Int?) throws -> (Int?, Int?) {
        if let batchSize, !(1...Limits.messageBatchMax).contains(batchSize) {
            throw FlareError(
                .invalidArgument,
                "batch_size \(batchSize) is out of range",
                hint: "give 1 to \(Limits.messageBatchMax)"
            )
        }
        if let visibility, !(1...Limits.visibilityMillisecondsMax).contains(visibility) {
            throw FlareError(
                .invalidArgument,
                "visibility_timeout_ms \(visibility) is out of range",
                hint: "give 1 to \(Limits.visibilityMillisecondsMax) milliseconds"
            )
        }
        return (batchSize, visibility)
    }

    /// Leases up to `limit` visible messages.
    ///
    /// Those whose last lease ran out on their last attempt die instead.
    func lease(
        _ queue: QueueRecord,
        _ consumer: ConsumerRecord?,
        limit: Int,
        holder: MessageRecord.Holder,
        duration: Duration,
        in tx: Transaction
    ) throws -> LeasedBatch {
        let now = time.now()
        let token = LeaseID.newToken()
        let rule = RetryRule(consumer)
        var messages: [LeasedMessage] = []
        while messages.count < limit {
            let wanted = limit - messages.count
            let candidates = try MessageRecord.candidates(queueID: queue.id, now: now, limit: wanted, in: tx)
            for candidate in candidates {
                if candidate.wasAbandoned, rule.isExhausted(attempts: candidate.attempts) {
                    let reason = "the lease of attempt \(candidate.attempts) ran out"
                    let leased = MessageRecord.Leased(
                        sequence: candidate.sequence,
                        queueID: queue.id,
                        attempts: candidate.attempts,
                        bytes: candidate.bytes
                    )
                    try carryOut(rule.failed(attempt: candidate.attempts, reason: reason), on: leased, at: now, in: tx)
                } else if let message = try MessageRecord.lease(
                    sequence: candidate.sequence,
                    token: token,
                    holder: holder,
                    until: now + duration,
                    in: tx
                ) {
                    messages.append(message)
                }
            }
            if candidates.count < wanted { break }
        }
        return LeasedBatch(queueName: queue.name, queueID: queue.id, messages: messages)
    }
}

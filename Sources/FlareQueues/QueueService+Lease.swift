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
            return PulledBatch(batch: batch, metrics: batch.metrics)
        }
    }

    /// Returns when a queue has a visible message and is not paused, or at `deadline`.
    ///
    /// Leases nothing.
    package func waitForMessages(in nameOrID: String, until deadline: Timestamp) async throws {
        let queue = try await database.read { try self.record(named: nameOrID, in: $0) }
        let queueID = queue.id
        let watch = signals.watch(queueID)
        defer { watch.end() }
        while !Task.isCancelled {
            let now = time.now()
            guard now < deadline else { return }
            let (isPaused, backlog) = try await database.read { tx in
                (
                    // A queue that is deleted meanwhile is told of by the name that the caller knows.
                    try (QueueRecord.find(id: queueID, in: tx) ?? self.record(named: nameOrID, in: tx)).settings
                        .deliveryPaused,
                    try SpanRecord.backlog(queue.number, now: now, limit: 1, in: tx)
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
            ).numbered(10206)
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

    /// Leases up to `limit` visible messages, of `Limits.leaseBytesMax` bytes together.
    ///
    /// Those whose last lease ran out on their last attempt die instead.
    func lease(
        _ queue: QueueRecord,
        _ consumer: ConsumerRecord?,
        limit: Int,
        holder: SpanRecord.Holder,
        duration: Duration,
        in tx: Transaction
    ) throws -> LeasedBatch {
        let now = time.now()
        let token = LeaseID.newToken()
        let rule = RetryRule(consumer)
        var messages: [LeasedMessage] = []
        messages.reserveCapacity(limit)
        var bytesLeft = Limits.leaseBytesMax
        // Most often a batch is what one send made; where it is not, more is read each time.
        var wanted = 2
        reading: while messages.count < limit {
            let candidates = try SpanRecord.visible(queue.number, now: now, limit: wanted, in: tx)
            for var span in candidates where messages.count < limit {
                if span.lease != nil, rule.isExhausted(attempts: span.attempts) {
                    let reason = "the lease of attempt \(span.attempts) ran out"
                    let fate = rule.failed(attempt: span.attempts, reason: reason)
                    try carryOut(fate, on: span, of: queue, at: now, in: tx)
                    continue
                }
                let count = try span.count(fitting: bytesLeft, max: limit - messages.count, in: tx)
                guard count > 0 || messages.isEmpty else { break reading }
                span = try span.isolate(span.first..<(span.first + Int64(max(count, 1))), in: tx)
                span.attempts += 1
                span.visibleAt = now + duration
                span.lease = SpanRecord.Lease(holder: holder, token: token)
                try span.updateFate(in: tx)
                bytesLeft -= span.bytes
                messages += try span.messages(of: queue.id, tx).map { LeasedMessage($0, token: token) }
            }
            if candidates.count < wanted { break }
            wanted = min(wanted * 4, limit)
        }
        return LeasedBatch(
            queueName: queue.name,
            queueID: queue.id,
            messages: messages,
            metrics: try metrics(of: queue, in: tx)
        )
    }
}

extension LeasedMessage {
    fileprivate init(_ message: StoredMessage, token: Int64) {
        id = message.id
        body = message.body
        contentType = message.contentType
        attempts = message.attempts
        timestamp = message.timestamp
        leaseID = LeaseID(sequence: message.sequence, token: token).text
        origin = message.origin
    }
}

package import FlareModel
package import FlareStore

/// Putting messages into queues.
extension QueueService {
    /// Sends messages as one batch: all are accepted or none.
    ///
    /// When this returns they survive a crash.
    ///
    /// `delaySeconds` is for messages that name no delay of their own.
    package func send(
        _ messages: [NewMessage],
        to nameOrID: String,
        delaySeconds: Int? = nil
    ) async throws -> QueueMetrics {
        guard messages.count <= Limits.messageBatchMax else {
            throw FlareError(
                .invalidArgument,
                "\(messages.count) messages are more than one send takes",
                hint: "send at most \(Limits.messageBatchMax) at once"
            )
        }
        let bytes = messages.reduce(0) { $0 + $1.body.count }
        guard bytes <= Limits.messageBatchBytesMax else {
            throw FlareError(
                .recordTooLarge,
                "\(bytes) bytes of messages are more than one send takes",
                hint: "send at most \(Limits.messageBatchBytesMax) bytes at once"
            )
        }
        try NewMessage.validate(delaySeconds: delaySeconds)
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            let delayed = messages.map { message in
                var message = message
                message.delaySeconds = message.delaySeconds ?? delaySeconds
                return message
            }
            try self.insert(delayed, into: queue.id, at: self.time.now(), in: tx)
            let metrics = try self.metrics(of: queue.id, in: tx)
            guard metrics.backlogBytes <= Limits.queueBacklogBytesMax else {
                throw FlareError(
                    .tooManyRequests,
                    "queue \"\(queue.name)\" is full: \(formatSizeBytes(metrics.backlogBytes)) wait in it",
                    hint: "consume or purge it"
                )
            }
            return metrics
        }
    }

    /// Adds messages to a queue in the caller's transaction; consumers wake after its commit.
    package func insert(
        _ messages: [NewMessage],
        into queueID: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        guard let queue = try QueueRecord.find(id: queueID, in: tx) else {
            throw FlareError(.queueNotFound, "queue \"\(queueID)\" not found", hint: "see: flare queues list")
        }
        guard !messages.isEmpty else { return }
        var counts = QueueCounters()
        for message in messages {
            try message.validate()
            let delay = message.delaySeconds ?? queue.settings.deliveryDelaySeconds
            try add(
                message,
                id: Identifier.hexadecimal(),
                to: queue,
                at: now,
                visibleAt: now + .seconds(delay),
                in: tx
            )
            counts.waitingBytes += message.body.count
        }
        counts.waiting = messages.count
        counts.accepted = messages.count
        try counts.add(to: queueID, in: tx)
        announce(in: queue, at: now, tx)
    }

    /// Inserts the row of one message and lets those who follow the queue see it.
    func add(
        _ message: NewMessage,
        id: String,
        to queue: QueueRecord,
        at now: Timestamp,
        visibleAt: Timestamp,
        origin: MessageOrigin? = nil,
        in tx: Transaction
    ) throws {
        let sequence = try MessageRecord.insert(
            id: id,
            queueID: queue.id,
            message: message,
            enqueuedAt: now,
            visibleAt: visibleAt,
            origin: origin,
            in: tx
        )
        let stored = StoredMessage(
            sequence: sequence,
            id: id,
            body: message.body,
            contentType: message.contentType,
            attempts: 0,
            timestamp: now,
            visibleAt: visibleAt,
            isLeased: false,
            diedAt: nil,
            origin: origin
        )
        let queueID = queue.id
        // Whether anybody follows is asked after the commit: who begins to follow before it does not find the row.
        tx.afterCommit { self.tails.publish(stored, queueID: queueID) }
    }

    /// After the commit, wakes whoever waits for messages of the queue.
    func announce(in queue: QueueRecord, at now: Timestamp, _ tx: Transaction) {
        tx.afterCommit {
            self.signals.notify(queue.id)
            self.signals.expects(expiryAt: now + .seconds(queue.settings.retentionSeconds))
        }
    }
}

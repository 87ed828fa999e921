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
            ).numbered(10206)
        }
        let bytes = messages.reduce(0) { $0 + $1.body.count }
        guard bytes <= Limits.messageBatchBytesMax else {
            throw FlareError(
                .recordTooLarge,
                "\(bytes) bytes of messages are more than one send takes",
                hint: "send at most \(Limits.messageBatchBytesMax) bytes at once"
            ).numbered(10205)
        }
        try NewMessage.validate(delaySeconds: delaySeconds)
        // Before the writer's turn, which all senders share.
        for message in messages { try message.validate() }
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            try tx.requireRoom(for: bytes)
            try self.insert(messages, defaultDelay: delaySeconds, into: queue, at: self.time.now(), in: tx)
            let metrics = try self.metrics(of: queue, in: tx)
            guard metrics.backlogBytes <= Limits.queueBacklogBytesMax else {
                throw FlareError(
                    .tooManyRequests,
                    "queue \"\(queue.name)\" is full: \(formatSizeBytes(metrics.backlogBytes)) wait in it",
                    hint: "consume or purge it"
                ).numbered(10251)
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
        for message in messages { try message.validate() }
        try insert(messages, defaultDelay: nil, into: queue, at: now, in: tx)
    }

    private func insert(
        _ messages: [NewMessage],
        defaultDelay: Int?,
        into queue: QueueRecord,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        let placed = messages.map { message in
            let delay = message.delaySeconds ?? defaultDelay ?? queue.settings.deliveryDelaySeconds
            return PlacedMessage(message: message, id: nil, visibleAt: now + .seconds(delay))
        }
        try place(placed, in: queue, at: now, tx)
    }

    /// A message on its way into a queue.
    struct PlacedMessage {
        let message: NewMessage
        /// The id that it had elsewhere.
        let id: String?
        let visibleAt: Timestamp
        var originQueue: String?
        var reason: String?

        fileprivate func sharesFate(with other: PlacedMessage) -> Bool {
            visibleAt == other.visibleAt && originQueue == other.originQueue && reason == other.reason
        }
    }

    /// Adds messages to a queue, counts them and lets those who follow the queue see them.
    func place(
        _ messages: [PlacedMessage],
        in queue: QueueRecord,
        at now: Timestamp,
        _ tx: Transaction
    ) throws {
        guard !messages.isEmpty else { return }
        if messages.contains(where: { $0.id != nil }) { try KeptIDRecord.forgetSettled(queue.number, in: tx) }
        var rest = messages[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.chunkCount(rest))
            rest = rest.dropFirst(part.count)
            try placeChunk(Array(part), in: queue, at: now, tx)
        }
        var counts = QueueCounters()
        counts.waiting = messages.count
        counts.waitingBytes = messages.reduce(0) { $0 + $1.message.body.count }
        counts.accepted = messages.count
        try add(counts, to: queue.id, at: now, in: tx)
        announce(in: queue, at: now, tx)
    }

    /// How many of the messages go into one chunk, at least one.
    private static func chunkCount(_ messages: ArraySlice<PlacedMessage>) -> Int {
        var bytes = 0
        var count = 0
        for message in messages.prefix(ChunkRecord.messagesMax) {
            bytes += message.message.body.count
            if count > 0, bytes > Limits.messageBatchBytesMax { break }
            count += 1
        }
        return count
    }

    private func placeChunk(
        _ messages: [PlacedMessage],
        in queue: QueueRecord,
        at now: Timestamp,
        _ tx: Transaction
    ) throws {
        let chunk = ChunkRecord(messages.lazy.map { (message: $0.message, id: $0.id) })
        let first = ChunkRecord.first(of: try chunk.insert(in: tx))
        var spans: [SpanRecord] = []
        for (index, message) in messages.enumerated() {
            if index > 0, message.sharesFate(with: messages[index - 1]) {
                spans[spans.count - 1].count += 1
                spans[spans.count - 1].bytes += message.message.body.count
                continue
            }
            spans.append(
                SpanRecord(
                    queue: queue.number,
                    first: first + Int64(index),
                    count: 1,
                    bytes: message.message.body.count,
                    enqueuedAt: now,
                    visibleAt: message.visibleAt,
                    originQueue: message.originQueue,
                    reason: message.reason
                )
            )
        }
        for span in spans { try span.insert(in: tx) }
        for (index, message) in messages.enumerated() {
            guard let id = message.id else { continue }
            try KeptIDRecord.save(queue.number, id: id, sequence: first + Int64(index), in: tx)
        }
        let (queueID, placed) = (queue.id, spans)
        // Whether anybody follows is asked after the commit: who begins to follow before it does not find the rows.
        tx.afterCommit {
            self.tails.publish(queueID: queueID) { placed.flatMap { $0.messages(of: queueID, chunk) } }
        }
    }

    /// Adds to the counters of a queue, and to its rates after the commit.
    func add(_ counts: QueueCounters, to queueID: String, at now: Timestamp, in tx: Transaction) throws {
        guard counts != QueueCounters() else { return }
        try counts.add(to: queueID, in: tx)
        tx.afterCommit { self.activity.note(counts, of: queueID, at: now) }
    }

    /// After the commit, wakes whoever waits for messages of the queue.
    func announce(in queue: QueueRecord, at now: Timestamp, _ tx: Transaction) {
        tx.afterCommit {
            self.signals.notify(queue.id)
            self.signals.expects(expiryAt: now + .seconds(queue.settings.retentionSeconds))
        }
    }
}

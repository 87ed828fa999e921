package import FlareModel
package import FlareStore
package import Logging

/// The queues of an engine: what they are, what lies in them, and who receives it.
///
/// Messages are rows. They are accepted, leased, acknowledged and moved by transactions, so that other rooms can hand
/// over work in a transaction of their own and nothing is lost or doubled by a crash.
package final class QueueService: Sendable {
    let database: Database
    let time: any TimeSource
    let logger: Logger
    let signals = QueueSignals()
    let tails = TailHub()
    let listeners = SubscriptionListeners()
    let activity = QueueActivity()

    package init(database: Database, time: any TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    /// The time by which messages are visible or not.
    package var now: Timestamp { time.now() }

    // MARK: Inside a caller's transaction

    /// The queue with this name or id; throws `queueNotFound` with the nearest name.
    package func record(named nameOrID: String, in tx: Transaction) throws -> QueueRecord {
        if let record = try QueueRecord.find(id: nameOrID, in: tx) { return record }
        if let record = try QueueRecord.find(name: nameOrID, in: tx) { return record }
        throw FlareError.notFound(
            .queueNotFound,
            kind: "queue",
            name: nameOrID,
            candidates: try QueueRecord.all(in: tx).map(\.name),
            listing: "flare queues list"
        )
    }

    /// The queue with this name, created with default settings when it is missing.
    package func ensure(named name: String, in tx: Transaction) throws -> QueueRecord {
        if let record = try QueueRecord.find(name: name, in: tx) { return record }
        return try create(name, QueueSettings(), in: tx)
    }

    /// Whether a queue has this name.
    package func exists(_ name: String, in tx: Transaction) throws -> Bool {
        try QueueRecord.find(name: name, in: tx) != nil
    }

    private func create(_ name: String, _ settings: QueueSettings, in tx: Transaction) throws -> QueueRecord {
        try NameRule.queue.validate(name)
        try settings.validate()
        try requireFree(name, in: tx)
        guard try QueueRecord.count(in: tx) < Limits.queuesMax else {
            throw FlareError(
                .tooManyRequests,
                "the engine has \(Limits.queuesMax) queues, the most it takes",
                hint: "flare queues delete"
            )
        }
        let now = time.now()
        let record = QueueRecord(
            id: Identifier.hexadecimal(),
            number: try QueueRecord.freeNumber(in: tx),
            name: name,
            createdAt: now,
            modifiedAt: now,
            settings: settings
        )
        try record.insert(in: tx)
        return record
    }

    private func requireFree(_ name: String, in tx: Transaction) throws {
        guard try QueueRecord.find(name: name, in: tx) == nil else {
            throw FlareError(.alreadyExists, "queue \"\(name)\" already exists", hint: "flare queues info \(name)")
        }
    }

    // MARK: Verbs

    /// Creates a queue; throws `invalidName`, `invalidArgument` or `alreadyExists`.
    package func create(_ name: String, settings: QueueSettings = QueueSettings()) async throws -> QueueInfo {
        try await database.write { tx in
            try self.info(of: self.create(name, settings, in: tx), in: tx)
        }
    }

    /// All queues by name, or those with the given names.
    package func list(names: [String] = []) async throws -> [QueueInfo] {
        try await database.read { tx in
            let wanted = Set(names)
            return try QueueRecord.all(in: tx)
                .filter { wanted.isEmpty || wanted.contains($0.name) }
                .map { try self.info(of: $0, in: tx) }
        }
    }

    /// One queue by name or id.
    package func get(_ nameOrID: String) async throws -> QueueInfo {
        try await database.read { tx in
            try self.info(of: self.record(named: nameOrID, in: tx), in: tx)
        }
    }

    /// Renames a queue or changes its settings; nil leaves the name as it is.
    package func update(
        _ nameOrID: String,
        name: String? = nil,
        settings change: @escaping @Sendable (inout QueueSettings) -> Void
    ) async throws -> QueueInfo {
        try await database.write { tx in
            var record = try self.record(named: nameOrID, in: tx)
            if let name, name != record.name {
                try NameRule.queue.validate(name)
                try self.requireFree(name, in: tx)
                // The name may be that of a queue which is made when the first message dies.
                guard try ConsumerRecord.find(queueID: record.id, in: tx)?.deadLetterQueue != name else {
                    throw FlareError(
                        .invalidArgument,
                        "queue \"\(record.name)\" cannot be its own dead letter queue: \"\(name)\" is where they go",
                        hint: "choose another name, or another dead letter queue for its consumer"
                    )
                }
                try ConsumerRecord.renameDeadLetterQueue(record.name, to: name, in: tx)
                try SpanRecord.renameOrigin(record.name, to: name, in: tx)
                record.name = name
            }
            change(&record.settings)
            try record.settings.validate()
            record.modifiedAt = self.time.now()
            try record.update(in: tx)
            let queueID = record.id
            tx.afterCommit {
                self.signals.notify(queueID)
                // The retention may be shorter now.
                self.signals.sweep.notify()
            }
            return try self.info(of: record, in: tx)
        }
    }

    /// Deletes a queue and its messages; throws `inUse` while it has a consumer or notification rules send to it.
    package func delete(_ nameOrID: String) async throws {
        let found = try await database.read { tx in
            let record = try self.record(named: nameOrID, in: tx)
            // A delete that is refused must not have removed any message.
            try self.requireUnused(record, in: tx)
            return record
        }
        // In bounded steps: all writers of the engine would wait for one transaction over a million messages.
        _ = try await removeMessages(of: found)
        try await database.write { tx in
            // Somebody else may have deleted it meanwhile.
            guard let record = try QueueRecord.find(id: found.id, in: tx) else { return }
            try self.requireUnused(record, in: tx)
            do {
                try record.delete(in: tx)
            } catch let error as FlareError where error.code == .inUse {
                // A foreign key: rows of another room still name the queue.
                throw FlareError(.inUse, "queue \"\(record.name)\" is in use", hint: "remove what sends to it first")
            }
            tx.afterCommit {
                self.signals.notify(record.id)
                self.tails.end(record.id)
                self.activity.forget(record.id)
            }
        }
    }

    private func requireUnused(_ record: QueueRecord, in tx: Transaction) throws {
        if let consumer = try ConsumerRecord.find(queueID: record.id, in: tx) {
            throw FlareError(
                .inUse,
                "queue \"\(record.name)\" is consumed by \(consumer.target)",
                hint: "remove the consumer first: flare queues consumers remove \(record.name)"
            )
        }
        if let subscription = try SubscriptionRecord.all(queueID: record.id, in: tx).first {
            throw FlareError(
                .inUse,
                "queue \"\(record.name)\" has the event subscription \"\(subscription.name)\"",
                hint: "end it first: flare queues subscriptions delete \(record.name) --id \(subscription.id)"
            )
        }
        let buckets = try ProducerRecord.all(queueID: record.id, in: tx).filter { $0.kind == .bucket }.map(\.name)
        if let bucket = buckets.first {
            let names = buckets.map { "\"\($0)\"" }.joined(separator: ", ")
            throw FlareError(
                .inUse,
                "queue \"\(record.name)\" receives the notifications of bucket \(names)",
                hint: "remove the rules first: flare buckets notify list \(bucket)"
            )
        }
    }

    func metrics(of queue: QueueRecord, in tx: Transaction) throws -> QueueMetrics {
        let counters = try QueueCounters.find(queueID: queue.id, in: tx)
        return QueueMetrics(
            backlogCount: counters.waiting,
            backlogBytes: counters.waitingBytes,
            oldestMessage: try SpanRecord.oldest(queue.number, in: tx)
        )
    }

    func info(of record: QueueRecord, in tx: Transaction) throws -> QueueInfo {
        QueueInfo(
            record: record,
            consumer: try ConsumerRecord.find(queueID: record.id, in: tx),
            producers: try ProducerRecord.all(queueID: record.id, in: tx),
            counters: try QueueCounters.find(queueID: record.id, in: tx),
            oldestMessage: try SpanRecord.oldest(record.number, in: tx)
        )
    }
}

/// All that can be said of a queue.
package struct QueueInfo: Sendable {
    package let record: QueueRecord
    package let consumer: ConsumerRecord?
    package let producers: [ProducerRecord]
    package let counters: QueueCounters
    package let oldestMessage: Timestamp?

    package var metrics: QueueMetrics {
        QueueMetrics(
            backlogCount: counters.waiting,
            backlogBytes: counters.waitingBytes,
            oldestMessage: oldestMessage
        )
    }
}

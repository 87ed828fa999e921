import FlareModel
package import FlareStore

/// Consumers and producers: who receives from a queue, and who is known to send to it.
extension QueueService {
    // MARK: Inside a caller's transaction

    /// Sets the consumer of a queue, or changes the settings of the one it has; the dead letter queue is created when
    /// missing.
    ///
    /// Throws `inUse` when the queue has a consumer with another target.
    @discardableResult
    package func setConsumer(
        _ consumer: NewConsumer,
        queue nameOrID: String,
        in tx: Transaction
    ) throws -> ConsumerRecord {
        let queue = try record(named: nameOrID, in: tx)
        let current = try ConsumerRecord.find(queueID: queue.id, in: tx)
        if let current, current.target != consumer.target {
            throw FlareError(
                .inUse,
                "queue \"\(queue.name)\" is already consumed by \(current.target); a queue has one consumer",
                hint: "remove it first: flare queues consumers remove \(queue.name)"
            )
        }
        return try save(consumer, queue: queue, replacing: current, source: .config, in: tx)
    }

    /// Removes the consumers that deliver to a Worker.
    package func removeConsumers(ofWorker name: String, in tx: Transaction) throws {
        try removeConsumers(of: .worker(name), in: tx)
    }

    /// Removes the consumers that deliver to this target, but for those of the queues `kept`; with `setBy` only those
    /// of that source.
    ///
    /// What waits in their queues goes on waiting.
    package func removeConsumers(
        of target: ConsumerTarget,
        setBy source: ConsumerSource? = nil,
        except kept: Set<String> = [],
        in tx: Transaction
    ) throws {
        for consumer in try ConsumerRecord.all(of: target, in: tx) where !kept.contains(consumer.queueID) {
            if source == nil || consumer.source == source { try remove(consumer, in: tx) }
        }
    }

    /// Remembers that something sends to a queue.
    ///
    /// A bucket named so keeps the queue from being deleted.
    package func addProducer(
        _ kind: ProducerRecord.Kind,
        named name: String,
        queueID: String,
        in tx: Transaction
    ) throws {
        try ProducerRecord(queueID: queueID, kind: kind, name: name).save(in: tx)
    }

    /// Forgets that something sends to a queue.
    package func removeProducer(
        _ kind: ProducerRecord.Kind,
        named name: String,
        queueID: String,
        in tx: Transaction
    ) throws {
        try ProducerRecord(queueID: queueID, kind: kind, name: name).delete(in: tx)
    }

    /// Forgets all that one Worker or bucket was known to send to.
    package func removeProducers(_ kind: ProducerRecord.Kind, named name: String, in tx: Transaction) throws {
        try ProducerRecord.deleteAll(kind, named: name, in: tx)
    }

    private func save(
        _ consumer: NewConsumer,
        queue: QueueRecord,
        replacing current: ConsumerRecord?,
        source: ConsumerSource,
        in tx: Transaction
    ) throws -> ConsumerRecord {
        try consumer.settings.validate()
        if let deadLetterQueue = consumer.deadLetterQueue {
            guard deadLetterQueue != queue.name else {
                throw FlareError(
                    .invalidArgument,
                    "queue \"\(queue.name)\" cannot be its own dead letter queue",
                    hint: "name another queue; it is created when missing"
                )
            }
            _ = try ensure(named: deadLetterQueue, in: tx)
        }
        let record = ConsumerRecord(
            id: current?.id ?? Identifier.hexadecimal(),
            queueID: queue.id,
            target: consumer.target,
            createdAt: current?.createdAt ?? time.now(),
            deadLetterQueue: consumer.deadLetterQueue,
            settings: consumer.settings,
            source: source
        )
        try record.save(in: tx)
        tx.afterCommit { self.consumersChanged(queue.id) }
        return record
    }

    private func remove(_ consumer: ConsumerRecord, in tx: Transaction) throws {
        try consumer.delete(in: tx)
        tx.afterCommit { self.consumersChanged(consumer.queueID) }
    }

    private func consumersChanged(_ queueID: String) {
        signals.catalog.notify()
        signals.notify(queueID)
    }

    // MARK: Verbs

    /// Adds the consumer of a queue; throws `alreadyExists` when it has one.
    package func createConsumer(_ consumer: NewConsumer, queue nameOrID: String) async throws -> QueueInfo {
        try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            if let current = try ConsumerRecord.find(queueID: queue.id, in: tx) {
                throw FlareError(
                    .alreadyExists,
                    "queue \"\(queue.name)\" is already consumed by \(current.target); a queue has one consumer",
                    hint: "remove it first: flare queues consumers remove \(queue.name)"
                )
            }
            _ = try self.save(consumer, queue: queue, replacing: nil, source: .command, in: tx)
            return try self.info(of: queue, in: tx)
        }
    }

    /// Replaces the target and settings of a consumer, which keeps its id.
    package func updateConsumer(
        _ id: String,
        queue nameOrID: String,
        _ consumer: NewConsumer
    ) async throws -> QueueInfo {
        try await database.write { tx in
            let (queue, current) = try self.consumer(id, queue: nameOrID, in: tx)
            _ = try self.save(consumer, queue: queue, replacing: current, source: current.source, in: tx)
            return try self.info(of: queue, in: tx)
        }
    }

    /// Removes a consumer by its id; nil removes the one that the queue has.
    package func deleteConsumer(_ id: String?, queue nameOrID: String) async throws {
        try await database.write { tx in
            try self.remove(self.consumer(id, queue: nameOrID, in: tx).1, in: tx)
        }
    }

    /// The queues that are delivered to a target, with their consumers, by name.
    ///
    /// Without a target, those of all workflows.
    package func consumers(
        of target: ConsumerTarget?
    ) async throws -> [(queue: String, consumer: ConsumerRecord)] {
        try await database.read { tx in
            let consumers =
                try target.map { try ConsumerRecord.all(of: $0, in: tx) }
                ?? ConsumerRecord.all(in: tx).filter { if case .workflow = $0.target { true } else { false } }
            return try consumers.compactMap { consumer in
                try QueueRecord.find(id: consumer.queueID, in: tx).map { (queue: $0.name, consumer: consumer) }
            }
            .sorted { $0.queue < $1.queue }
        }
    }

    private func consumer(
        _ id: String?,
        queue nameOrID: String,
        in tx: Transaction
    ) throws -> (QueueRecord, ConsumerRecord) {
        let queue = try record(named: nameOrID, in: tx)
        guard let consumer = try ConsumerRecord.find(queueID: queue.id, in: tx), id == nil || consumer.id == id else {
            throw FlareError(
                .consumerNotFound,
                "queue \"\(queue.name)\" has no \(id.map { "consumer \"\($0)\"" } ?? "consumer")",
                hint: "see: flare queues info \(queue.name)"
            )
        }
        return (queue, consumer)
    }
}

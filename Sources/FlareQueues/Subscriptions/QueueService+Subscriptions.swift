package import FlareModel
package import FlareStore

/// A subscription to be made.
package struct NewSubscription: Sendable {
    package var name: String
    package var isEnabled: Bool
    package var source: SubscriptionSource
    /// The Worker or the workflow; nil for all.
    package var subject: String?
    package var events: [String]

    package init(
        name: String,
        isEnabled: Bool = true,
        source: SubscriptionSource,
        subject: String? = nil,
        events: [String]
    ) {
        self.name = name
        self.isEnabled = isEnabled
        self.source = source
        self.subject = subject
        self.events = events
    }
}

/// What changes a subscription; nil keeps its value.
package struct SubscriptionChange: Sendable {
    package var name: String?
    package var isEnabled: Bool?
    package var events: [String]?
    /// The name or id of another queue.
    package var queue: String?

    package init(name: String? = nil, isEnabled: Bool? = nil, events: [String]? = nil, queue: String? = nil) {
        self.name = name
        self.isEnabled = isEnabled
        self.events = events
        self.queue = queue
    }
}

/// Queues that are told when buckets, Workers and instances of workflows come, change and go.
extension QueueService {
    /// Subscribes a queue, named or by its id, to events.
    ///
    /// Throws `queueNotFound`, or `invalidArgument` for an event that the source does not have.
    package func subscribe(_ new: NewSubscription, queue: String) async throws -> SubscriptionRecord {
        let events = try Self.validate(events: new.events, of: new.source)
        try Self.validate(name: new.name)
        let now = time.now()
        return try await database.write { tx in
            let target = try self.record(named: queue, in: tx)
            guard try SubscriptionRecord.all(queueID: nil, in: tx).count < Limits.subscriptionsMax else {
                throw FlareError(.invalidArgument, "there are at most \(Limits.subscriptionsMax) event subscriptions")
            }
            let record = SubscriptionRecord(
                id: Identifier.hexadecimal(),
                queueID: target.id,
                name: new.name,
                isEnabled: new.isEnabled,
                source: new.source,
                subject: new.subject,
                events: events,
                createdAt: now
            )
            self.listeners.expect(record.source)
            try record.insert(in: tx)
            return record
        }
    }

    /// All subscriptions, or those of one queue, oldest first; throws `queueNotFound`.
    package func subscriptions(of queue: String? = nil) async throws -> [SubscriptionRecord] {
        try await database.read { tx in
            let queueID = try queue.map { try self.record(named: $0, in: tx).id }
            return try SubscriptionRecord.all(queueID: queueID, in: tx)
        }
    }

    /// One subscription by its id; throws `subscriptionNotFound`.
    package func subscription(_ id: String) async throws -> SubscriptionRecord {
        try await database.read { try Self.requireSubscription(id, in: $0) }
    }

    /// Changes a subscription; throws `subscriptionNotFound`, `queueNotFound` or `invalidArgument`.
    package func updateSubscription(_ id: String, _ change: SubscriptionChange) async throws -> SubscriptionRecord {
        let now = time.now()
        return try await database.write { tx in
            var record = try Self.requireSubscription(id, in: tx)
            if let name = change.name {
                try Self.validate(name: name)
                record.name = name
            }
            if let events = change.events { record.events = try Self.validate(events: events, of: record.source) }
            if let queue = change.queue { record.queueID = try self.record(named: queue, in: tx).id }
            if let isEnabled = change.isEnabled { record.isEnabled = isEnabled }
            record.modifiedAt = now
            self.listeners.expect(record.source)
            try record.update(in: tx)
            try self.listeners.learn(in: tx)
            return record
        }
    }

    /// Ends a subscription; throws `subscriptionNotFound`.
    ///
    /// Returns what it was.
    @discardableResult
    package func unsubscribe(_ id: String) async throws -> SubscriptionRecord {
        try await database.write { tx in
            let record = try Self.requireSubscription(id, in: tx)
            try record.delete(in: tx)
            try self.listeners.learn(in: tx)
            return record
        }
    }

    /// Whether an event of a source may have to be told; false costs the publisher nothing more.
    package func mayHear(_ source: SubscriptionSource) -> Bool {
        listeners.mayHear(source)
    }

    /// Sends an event to all queues that have subscribed to it, in the transaction of what has happened.
    package func publish(_ event: SubscriptionEvent, at now: Timestamp, in tx: Transaction) throws {
        guard listeners.mayHear(event.source) else { return }
        let listening = try SubscriptionRecord.listening(to: event.source, subject: event.subject, in: tx)
        if listening.isEmpty { try listeners.learn(in: tx) }
        for subscription in listening where subscription.events.contains(event.name) {
            let message = SubscriptionMessage(event, to: subscription, at: now)
            let new = NewMessage(body: FlareJSON.encode(message), contentType: .json)
            try insert([new], into: subscription.queueID, at: now, in: tx)
        }
    }

    private static func requireSubscription(_ id: String, in tx: Transaction) throws -> SubscriptionRecord {
        if let record = try SubscriptionRecord.find(id, in: tx) { return record }
        throw FlareError(
            .subscriptionNotFound,
            "event subscription \"\(id)\" not found",
            hint: "see: flare queues subscriptions list"
        )
    }

    private static func validate(name: String) throws {
        guard !name.isEmpty, name.utf8.count <= Limits.subscriptionNameBytesMax else {
            throw FlareError(
                .invalidArgument,
                "the name of a subscription has 1 to \(Limits.subscriptionNameBytesMax) bytes"
            )
        }
    }

    /// Returns the events in the order of the documentation, each once.
    private static func validate(events: [String], of source: SubscriptionSource) throws -> [String] {
        let known = source.events
        for event in events where !known.contains(event) {
            let near = nearestName(to: event, in: known).map { ". Did you mean \"\($0)\"?" } ?? ""
            throw FlareError(
                .invalidArgument,
                "the source \(source.rawValue) has no event \"\(event)\"\(near)",
                hint: "its events are \(known.joined(separator: ", "))"
            )
        }
        guard !events.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "a subscription needs at least one event",
                hint: "the events of \(source.rawValue) are \(known.joined(separator: ", "))"
            )
        }
        return known.filter(events.contains)
    }
}

extension SubscriptionSource {
    /// The source of this name; throws `invalidArgument` saying whether Cloudflare has it, with the nearest name.
    package static func named(_ name: String) throws -> SubscriptionSource {
        if let source = SubscriptionSource(rawValue: name) { return source }
        let known = allCases.map(\.rawValue)
        let hint = "the sources are \(known.joined(separator: ", "))"
        if missing.contains(name) {
            throw FlareError(.invalidArgument, "flare does not run what the source \"\(name)\" tells of", hint: hint)
        }
        let near = nearestName(to: name, in: known).map { ". Did you mean \"\($0)\"?" } ?? ""
        throw FlareError(.invalidArgument, "there is no event source \"\(name)\"\(near)", hint: hint)
    }
}

package import FlareModel
package import FlareQueues
package import FlareStore

/// A rule to be made.
package struct NewNotificationRule: Sendable, Hashable {
    package var rule: NotificationRule
    package var description: String

    package init(_ rule: NotificationRule, description: String = "") {
        self.rule = rule
        self.description = description
    }
}

/// The rules of a bucket that target one queue.
package struct QueueRules: Sendable {
    package let queue: QueueRecord
    package let rules: [NotificationRuleRecord]
}

extension BucketService {
    /// Adds rules of a bucket for a queue, all or none.
    ///
    /// Returns those added.
    ///
    /// Throws `bucketNotFound`, `queueNotFound`, `invalidArgument`, or `ruleOverlap` naming both rules when one event
    /// could fire two rules of the bucket.
    package func addRules(
        _ additions: [NewNotificationRule],
        bucket: String,
        queue: String
    ) async throws -> QueueRules {
        guard !additions.isEmpty else { throw FlareError(.invalidArgument, "no notification rule is given") }
        let now = time.now()
        return try await database.write { [queues] tx in
            let target = try queues.record(named: queue, in: tx)
            let added = try additions.map {
                try self.addRule($0, bucket: bucket, queue: target, worker: nil, at: now, in: tx)
            }
            return QueueRules(queue: target, rules: added)
        }
    }

    /// Adds one rule, of a command or of a Worker's configuration.
    func addRule(
        _ addition: NewNotificationRule,
        bucket: String,
        queue: QueueRecord,
        worker: String?,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> NotificationRuleRecord {
        _ = try BucketRecord.require(bucket, in: tx)
        try Self.validate(addition)
        let record = NotificationRuleRecord(
            id: Identifier.hexadecimal(),
            bucket: bucket,
            queueID: queue.id,
            rule: addition.rule,
            description: addition.description,
            createdAt: now,
            worker: worker
        )
        let rules = try NotificationRuleRecord.rules(of: bucket, in: tx)
        if let other = rules.first(where: { $0.rule.overlaps(record.rule) }) {
            throw try overlap(record, with: other, queue: queue, in: tx)
        }
        guard rules.count < Limits.notificationRulesMax else {
            throw FlareError(
                .invalidArgument,
                "bucket \"\(bucket)\" already has \(rules.count) notification rules",
                hint: "a bucket has at most \(Limits.notificationRulesMax)"
            )
        }
        try record.insert(in: tx)
        try queues.addProducer(.bucket, named: bucket, queueID: queue.id, in: tx)
        return record
    }

    /// The rules of a bucket by queue, in the order of the queues' names.
    package func rules(of bucket: String) async throws -> [QueueRules] {
        try await database.read { [queues] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let byQueue = Dictionary(grouping: try NotificationRuleRecord.rules(of: bucket, in: tx), by: \.queueID)
            return try byQueue.map { QueueRules(queue: try queues.record(named: $0.key, in: tx), rules: $0.value) }
                .sorted { $0.queue.name < $1.queue.name }
        }
    }

    /// The rules of a bucket for one queue, named or by its id.
    ///
    /// Throws `bucketNotFound` or `queueNotFound`.
    package func rules(of bucket: String, queue: String) async throws -> QueueRules {
        try await database.read { [queues] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let target = try queues.record(named: queue, in: tx)
            let rules = try NotificationRuleRecord.rules(of: bucket, in: tx).filter { $0.queueID == target.id }
            return QueueRules(queue: target, rules: rules)
        }
    }

    /// Deletes rules of a bucket for a queue: those of `ids`, or all when nil.
    ///
    /// Returns how many. Throws `ruleNotFound` when one of `ids` does not exist, and then deletes none.
    @discardableResult
    package func deleteRules(_ ids: [String]?, bucket: String, queue: String) async throws -> Int {
        try await database.write { [queues] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let target = try queues.record(named: queue, in: tx)
            let rules = try NotificationRuleRecord.rules(of: bucket, in: tx).filter { $0.queueID == target.id }
            for id in ids ?? [] where !rules.contains(where: { $0.id == id }) {
                throw FlareError(
                    .ruleNotFound,
                    "bucket \"\(bucket)\" has no notification rule \"\(id)\" for queue \"\(target.name)\"",
                    hint: "flare buckets notify list \(bucket)"
                )
            }
            let doomed = rules.filter { rule in ids?.contains(rule.id) ?? true }
            for rule in doomed { try self.deleteRule(rule, in: tx) }
            return doomed.count
        }
    }

    /// Deletes a rule; the bucket is no producer of a queue any more when it was the last one for it.
    func deleteRule(_ rule: NotificationRuleRecord, in tx: Transaction) throws {
        try rule.delete(in: tx)
        let others = try NotificationRuleRecord.rules(of: rule.bucket, in: tx)
        guard !others.contains(where: { $0.queueID == rule.queueID }) else { return }
        try queues.removeProducer(.bucket, named: rule.bucket, queueID: rule.queueID, in: tx)
    }

    /// The rules of any bucket whose messages go to a queue: while there are some, the queue cannot be deleted.
    package func rulesTargeting(queueID: String, in tx: Transaction) throws -> [NotificationRuleRecord] {
        try NotificationRuleRecord.rules(targeting: queueID, in: tx)
    }

    /// Writes an event to the log of its bucket, and inserts the messages of all rules that it fires.
    ///
    /// In the transaction of the event itself. `copySource` is where a copy came from.
    func notify(
        _ action: ObjectAction,
        of record: ObjectRecord,
        copySource: ObjectSource? = nil,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        let source = copySource.map { CopySourceBody(bucket: $0.bucket, object: $0.key) }
        let event = BucketEvent(action, of: record, copySource: source, at: now)
        try BucketEventRecord.append(event, in: tx)
        tx.afterCommit { [eventSignals] in eventSignals.notify(event.bucket) }
        let fired = try NotificationRuleRecord.rules(of: event.bucket, in: tx)
            .filter { $0.rule.matches(action, key: event.object.key) }
        try send(event, to: fired, in: tx)
    }

    private func send(_ event: BucketEvent, to rules: [NotificationRuleRecord], in tx: Transaction) throws {
        guard !rules.isEmpty else { return }
        let message = NewMessage(body: FlareJSON.encode(NotificationMessage(event)), contentType: .json)
        for rule in rules { try queues.insert([message], into: rule.queueID, at: event.time, in: tx) }
    }

    /// Acts as if an event had happened to an object that need not be there: says which rules match and, unless it is a
    /// dry run, sends their messages.
    ///
    /// The log of the bucket does not tell of it. Throws `bucketNotFound`, or `invalidArgument` for a bad key.
    package func testRules(
        _ action: ObjectAction,
        key: String,
        bucket: String,
        isDryRun: Bool
    ) async throws -> NotificationTestResultBody {
        try ObjectKey.validate(key)
        let now = time.now()
        return try await database.write { [queues] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let fired = try NotificationRuleRecord.rules(of: bucket, in: tx)
                .filter { $0.rule.matches(action, key: key) }
            if !isDryRun {
                try self.send(try self.sample(action, key: key, bucket: bucket, at: now, in: tx), to: fired, in: tx)
            }
            let matches = try fired.map { rule in
                NotificationTestResultBody.Match(
                    ruleId: rule.id,
                    queueId: rule.queueID,
                    queueName: try queues.record(named: rule.queueID, in: tx).name
                )
            }
            return NotificationTestResultBody(
                bucket: bucket,
                action: action,
                key: key,
                matches: matches,
                sent: isDryRun ? 0 : matches.count
            )
        }
    }

    /// What an event would tell of the object that is there, or of an empty one.
    private func sample(
        _ action: ObjectAction,
        key: String,
        bucket: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> BucketEvent {
        let source = CopySourceBody(bucket: bucket, object: key)
        if let record = try ObjectRecord.find(key, in: bucket, tx) {
            return BucketEvent(action, of: record, copySource: source, at: now)
        }
        let isDeletion = ObjectEventType.objectDelete.actions.contains(action)
        let emptyETag = "d41d8cd98f00b204e9800998ecf8427e"
        return BucketEvent(
            action,
            bucket: bucket,
            object: EventObjectBody(key: key, size: isDeletion ? nil : 0, eTag: isDeletion ? nil : emptyETag),
            copySource: action == .copyObject ? source : nil,
            at: now
        )
    }

    private static func validate(_ addition: NewNotificationRule) throws {
        guard !addition.rule.actions.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "a notification rule needs at least one action",
                hint: "one of \(ObjectAction.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        for text in [addition.rule.prefix, addition.rule.suffix]
        where text.utf8.count > Limits.objectKeyBytesMax || text.utf8.contains(0) {
            throw FlareError(
                .invalidArgument,
                "a prefix or suffix of a rule has at most \(Limits.objectKeyBytesMax) bytes and no NUL"
            )
        }
        guard addition.description.utf8.count <= Limits.objectKeyBytesMax else {
            throw FlareError(.invalidArgument, "a description has at most \(Limits.objectKeyBytesMax) bytes")
        }
    }

    private func overlap(
        _ addition: NotificationRuleRecord,
        with other: NotificationRuleRecord,
        queue: QueueRecord,
        in tx: Transaction
    ) throws -> FlareError {
        let otherQueue = try queues.record(named: other.queueID, in: tx)
        let owner = other.worker.map { " of the configuration of Worker \"\($0)\"" } ?? ""
        return FlareError(
            .ruleOverlap,
            """
            the rule for \(addition.rule.words) in bucket "\(other.bucket)" to queue "\(queue.name)" overlaps rule \
            \(other.id)\(owner) for \(other.rule.words) to queue "\(otherQueue.name)": one event would fire both
            """,
            hint: other.worker == nil
                ? "narrow the prefix or suffix, or first: flare buckets notify delete \(other.bucket) "
                    + "--queue \(otherQueue.name) --rule \(other.id)"
                : "narrow the prefix or suffix, or take it from that configuration and deploy it"
        )
    }
}

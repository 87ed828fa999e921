import FlareModel
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
            _ = try BucketRecord.require(bucket, in: tx)
            let target = try queues.record(named: queue, in: tx)
            var rules = try NotificationRuleRecord.rules(of: bucket, in: tx)
            var added: [NotificationRuleRecord] = []
            for addition in additions {
                try Self.validate(addition)
                if let other = rules.first(where: { $0.rule.overlaps(addition.rule) }) {
                    throw try Self.overlap(addition, with: other, queue: target, queues: queues, in: tx)
                }
                let record = NotificationRuleRecord(
                    id: Identifier.hexadecimal(),
                    bucket: bucket,
                    queueID: target.id,
                    rule: addition.rule,
                    description: addition.description,
                    createdAt: now
                )
                try record.insert(in: tx)
                rules.append(record)
                added.append(record)
            }
            guard rules.count <= Limits.notificationRulesMax else {
                throw FlareError(
                    .invalidArgument,
                    "bucket \"\(bucket)\" would have \(rules.count) notification rules",
                    hint: "a bucket has at most \(Limits.notificationRulesMax)"
                )
            }
            try queues.addProducer(.bucket, named: bucket, queueID: target.id, in: tx)
            return QueueRules(queue: target, rules: added)
        }
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
            for rule in doomed { try rule.delete(in: tx) }
            if doomed.count == rules.count {
                try queues.removeProducer(.bucket, named: bucket, queueID: target.id, in: tx)
            }
            return doomed.count
        }
    }

    /// The rules of any bucket whose messages go to a queue: while there are some, the queue cannot be deleted.
    package func rulesTargeting(queueID: String, in tx: Transaction) throws -> [NotificationRuleRecord] {
        try NotificationRuleRecord.rules(targeting: queueID, in: tx)
    }

    /// Inserts the messages of all rules that an event fires.
    ///
    /// In the transaction of the event itself.
    func notify(
        _ action: ObjectAction,
        of record: ObjectRecord,
        copySource: ObjectSource? = nil,
        at now: Timestamp,
        in tx: Transaction
    ) throws {
        let fired = try NotificationRuleRecord.rules(of: record.bucket, in: tx)
            .filter { $0.rule.matches(action, key: record.key) }
        guard !fired.isEmpty else { return }
        let body = FlareJSON.encode(NotificationMessage(action, of: record, copySource: copySource, at: now))
        for rule in fired {
            let message = NewMessage(body: body, contentType: .json)
            try queues.insert([message], into: rule.queueID, at: now, in: tx)
        }
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

    private static func overlap(
        _ addition: NewNotificationRule,
        with other: NotificationRuleRecord,
        queue: QueueRecord,
        queues: QueueService,
        in tx: Transaction
    ) throws -> FlareError {
        let otherQueue = try queues.record(named: other.queueID, in: tx)
        return FlareError(
            .ruleOverlap,
            """
            the rule for \(addition.rule.words) to queue "\(queue.name)" overlaps rule \(other.id) for \
            \(other.rule.words) to queue "\(otherQueue.name)": one event would fire both
            """,
            hint: "narrow the prefix or suffix, or first: flare buckets notify delete \(other.bucket) "
                + "--queue \(otherQueue.name) --rule \(other.id)"
        )
    }
}

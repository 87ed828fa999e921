package import FlareModel
import FlareStore

extension BucketService {
    /// The lock rules of a bucket; empty when it has none.
    ///
    /// Throws `bucketNotFound`.
    package func locks(of bucket: String) async throws -> [LockRule] {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try Self.locks(of: bucket, in: tx)
        }
    }

    /// Sets the lock rules of a bucket in place of those that it has; empty takes them away.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` naming the rule that is wrong, and then changes nothing.
    package func setLocks(_ rules: [LockRule], of bucket: String) async throws {
        try RuleCheck.ids(rules.map(\.id), of: "lock", max: Limits.lockRulesMax)
        for rule in rules {
            try RuleCheck.prefix(rule.prefix ?? "", of: "lock rule \"\(rule.id)\"")
            switch rule.condition.type {
            case .age: try RuleCheck.age(rule.condition.maxAgeSeconds, "maxAgeSeconds", of: "lock rule \"\(rule.id)\"")
            case .date: try RuleCheck.date(rule.condition.date, of: "lock rule \"\(rule.id)\"")
            case .indefinite: break
            }
        }
        try await database.write { [lifecycle] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            if rules.isEmpty {
                try BucketSettingsRecord.delete(.lock, of: bucket, in: tx)
            } else {
                try BucketSettingsRecord.save(.lock, of: bucket, LockConfigurationBody(rules: rules), in: tx)
            }
            // What a lock kept from lifecycle rules may be free now.
            tx.afterCommit { lifecycle.rulesChanged(of: bucket) }
        }
    }

    /// Throws `objectLocked` when a lock rule of its bucket keeps an object from being replaced or deleted.
    ///
    /// Called in the transaction that would do it.
    func requireUnlocked(_ record: ObjectRecord, at now: Timestamp, in tx: Transaction) throws {
        let rules = try Self.locks(of: record.bucket, in: tx)
        guard let (rule, end) = rules.lock(onKey: record.key, uploadedAt: record.uploadedAt, at: now) else { return }
        let until = end.map { "until \($0.text)" } ?? "for as long as the rule is there"
        throw FlareError(
            .objectLocked,
            "object \"\(record.key)\" in bucket \"\(record.bucket)\" is locked by rule \"\(rule.id)\" \(until)",
            hint: "see: flare buckets lock list \(record.bucket)"
        )
    }

    static func locks(of bucket: String, in tx: Transaction) throws -> [LockRule] {
        try BucketSettingsRecord.find(.lock, of: bucket, as: LockConfigurationBody.self, in: tx)?.rules ?? []
    }
}

extension [LockRule] {
    /// The rule that locks an object for longest, and until when, nil for without end; nil when the object is free.
    func lock(onKey key: String, uploadedAt: Timestamp, at now: Timestamp) -> (rule: LockRule, end: Timestamp?)? {
        let ends = compactMap { rule -> (rule: LockRule, end: Timestamp?)? in
            guard rule.enabled, key.beginsWithBytes(of: rule.prefix ?? "") else { return nil }
            switch rule.condition.type {
            case .indefinite: return (rule, nil)
            case .age: return (rule, uploadedAt + .seconds(rule.condition.maxAgeSeconds ?? 0))
            case .date: return rule.condition.date.map { (rule, $0) }
            }
        }
        if let endless = ends.first(where: { $0.end == nil }) { return endless }
        let last = ends.max { ($0.end ?? now) < ($1.end ?? now) }
        return last.flatMap { lock in lock.end.map { $0 > now } == true ? lock : nil }
    }
}

/// What all rules of a bucket have in common, checked at the edge.
enum RuleCheck {
    /// Ids are there, short and different.
    static func ids(_ ids: [String], of kind: String, max: Int) throws {
        guard ids.count <= max else {
            throw FlareError(.invalidArgument, "a bucket has at most \(max) \(kind) rules")
        }
        var seen: Set<String> = []
        for id in ids {
            guard !id.isEmpty, id.utf8.count <= Limits.ruleIDBytesMax else {
                throw FlareError(
                    .invalidArgument,
                    "the id of a \(kind) rule has 1 to \(Limits.ruleIDBytesMax) bytes, not \(id.utf8.count)"
                )
            }
            guard seen.insert(id).inserted else {
                throw FlareError(.invalidArgument, "two \(kind) rules have the id \"\(id)\"")
            }
        }
    }

    static func prefix(_ prefix: String, of rule: String) throws {
        guard prefix.utf8.count <= Limits.objectKeyBytesMax, !prefix.utf8.contains(0) else {
            throw FlareError(
                .invalidArgument,
                "the prefix of \(rule) has more than \(Limits.objectKeyBytesMax) bytes, or a NUL"
            )
        }
    }

    static func age(_ seconds: Int?, _ field: String, of rule: String) throws {
        guard let seconds, (0...Limits.ruleAgeSecondsMax).contains(seconds) else {
            throw FlareError(
                .invalidArgument,
                "\(rule) needs \"\(field)\", a number of seconds from 0 to \(Limits.ruleAgeSecondsMax)"
            )
        }
    }

    static func date(_ date: Timestamp?, of rule: String) throws {
        guard date != nil else {
            throw FlareError(.invalidArgument, "\(rule) needs \"date\", a time such as 2027-01-31T00:00:00Z")
        }
    }
}

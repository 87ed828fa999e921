package import FlareModel
import FlareStore
import Synchronization

/// Tells the sweeper that lifecycle rules, or what keeps objects from them, have changed.
final class LifecycleSignals: Sendable {
    private let changed = Mutex<Set<String>>([])
    let wake = Wake()

    /// Short, to be called after a commit.
    func rulesChanged(of bucket: String) {
        changed.withLock { _ = $0.insert(bucket) }
        wake.notify()
    }

    /// The buckets whose rules have changed since the last call.
    func take() -> Set<String> {
        changed.withLock { changed in
            defer { changed = [] }
            return changed
        }
    }
}

extension BucketService {
    /// The lifecycle rules of a bucket; empty when it has none.
    ///
    /// Throws `bucketNotFound`.
    package func lifecycle(of bucket: String) async throws -> [LifecycleRule] {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try Self.lifecycle(of: bucket, in: tx)
        }
    }

    /// Sets the lifecycle rules of a bucket in place of those that it has; empty takes them away.
    ///
    /// They begin to work at once, on what is in the bucket already too. Throws `bucketNotFound`, or `invalidArgument`
    /// naming the rule that is wrong, and then changes nothing.
    package func setLifecycle(_ rules: [LifecycleRule], of bucket: String) async throws {
        try RuleCheck.ids(rules.map(\.id), of: "lifecycle", max: Limits.lifecycleRulesMax)
        for rule in rules { try rule.validate() }
        let rules = rules.map { rule in
            var rule = rule
            // Clients look for the prefix, whether it was given or not.
            rule.conditions = LifecycleRule.Conditions(prefix: rule.prefix)
            return rule
        }
        try await database.write { [lifecycle] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            if rules.isEmpty {
                try BucketSettingsRecord.delete(.lifecycle, of: bucket, in: tx)
            } else {
                try BucketSettingsRecord.save(.lifecycle, of: bucket, LifecycleConfigurationBody(rules: rules), in: tx)
            }
            tx.afterCommit { lifecycle.rulesChanged(of: bucket) }
        }
    }

    static func lifecycle(of bucket: String, in tx: Transaction) throws -> [LifecycleRule] {
        let document = try BucketSettingsRecord.find(
            .lifecycle,
            of: bucket,
            as: LifecycleConfigurationBody.self,
            in: tx
        )
        return document?.rules ?? []
    }

    /// Does to objects what a rule says, as far as each is still the one that was found and no lock keeps it.
    ///
    /// Returns how many it did it to, and when the first of those that are locked is free, nil for none.
    func carryOut(
        _ work: LifecycleWork,
        on found: [AgedObject],
        in bucket: String,
        at now: Timestamp
    ) async throws -> (done: Int, freeAt: Timestamp?) {
        try await database.write { tx in
            // The rule may be gone by now.
            guard LifecycleWork.all(in: try Self.lifecycle(of: bucket, in: tx)).contains(work) else { return (0, nil) }
            let locks = try Self.locks(of: bucket, in: tx)
            var (done, freeAt) = (0, Timestamp?.none)
            for object in found {
                guard let record = try ObjectRecord.find(object.key, in: bucket, tx),
                    record.uploadedAt == object.uploadedAt
                else { continue }
                switch work.deed {
                case .delete:
                    if let lock = locks.lock(onKey: record.key, uploadedAt: record.uploadedAt, at: now) {
                        // One without end is looked at again when the locks change.
                        if let end = lock.end { freeAt = min(freeAt ?? end, end) }
                        continue
                    }
                    try self.remove(record, action: .lifecycleDeletion, at: now, in: tx)
                case .setClass(let storageClass):
                    guard record.metadata.storageClass != storageClass else { continue }
                    try record.setStorageClass(storageClass, in: tx)
                }
                done += 1
            }
            return (done, freeAt)
        }
    }
}

extension BucketService {
    /// Ends an upload as a rule says, if it is still open; throws `bucketNotFound` when its bucket is gone.
    func expire(_ upload: UploadRecord) async throws {
        do {
            try await abortUpload(upload.id, key: upload.key, in: upload.bucket)
        } catch let error as FlareError where error.code == .uploadNotFound {
            // It was completed or aborted meanwhile.
        }
    }
}

extension LifecycleRule {
    fileprivate func validate() throws {
        let name = "lifecycle rule \"\(id)\""
        try RuleCheck.prefix(prefix, of: name)
        var conditions = [deleteObjectsTransition?.condition, abortMultipartUploadsTransition?.condition]
        conditions += (storageClassTransitions ?? []).map { Optional($0.condition) }
        for condition in conditions.compactMap({ $0 }) {
            switch condition.type {
            case .age: try RuleCheck.age(condition.maxAge, "maxAge", of: name)
            case .date: try RuleCheck.date(condition.date, of: name)
            }
        }
        guard conditions.contains(where: { $0 != nil }) else {
            throw FlareError(
                .invalidArgument,
                "\(name) does nothing",
                hint: "it needs deleteObjectsTransition, storageClassTransitions or abortMultipartUploadsTransition"
            )
        }
        if abortMultipartUploadsTransition?.condition?.type == .date {
            throw FlareError(
                .invalidArgument,
                "\(name) aborts uploads at a date",
                hint: "uploads are aborted by age: {\"type\": \"Age\", \"maxAge\": 604800}"
            )
        }
        if storageClassTransitions?.contains(where: { $0.storageClass == .standard }) == true {
            throw FlareError(
                .invalidArgument,
                "\(name) moves objects to the class Standard",
                hint: "objects only move to InfrequentAccess"
            )
        }
    }
}

import FlareModel
import FlareQueues
package import FlareStore

/// A rule that stands in the configuration of a Worker.
package struct DeclaredNotificationRule: Sendable, Hashable {
    package var bucket: String
    /// The queue's name.
    package var queue: String
    package var rule: NotificationRule
    package var description: String

    package init(bucket: String, queue: String, rule: NotificationRule, description: String = "") {
        self.bucket = bucket
        self.queue = queue
        self.rule = rule
        self.description = description
    }
}

extension BucketService {
    /// Makes the rules of a Worker's configuration those that it declares; buckets and queues that are missing are
    /// created.
    ///
    /// Rules that are the same stay as they are, with their ids; those that are gone from it are deleted; those that
    /// were made by command, or by other Workers, are not touched. Throws `ruleOverlap` naming both when one of them
    /// is in the way.
    package func setRules(
        _ declared: [DeclaredNotificationRule],
        ofWorker worker: String,
        in tx: Transaction
    ) throws {
        let now = time.now()
        var additions = declared
        // First what is gone, so that a rule can move to another queue.
        for record in try NotificationRuleRecord.rules(ofWorker: worker, in: tx) {
            let queue = try queues.record(named: record.queueID, in: tx).name
            let same = additions.firstIndex { addition in
                addition.bucket == record.bucket && addition.queue == queue && addition.rule == record.rule
                    && addition.description == record.description
            }
            if let same {
                additions.remove(at: same)
            } else {
                try deleteRule(record, in: tx)
            }
        }
        for addition in additions {
            try ensure(named: addition.bucket, in: tx)
            let queue = try queues.ensure(named: addition.queue, in: tx)
            let rule = NewNotificationRule(addition.rule, description: addition.description)
            _ = try addRule(rule, bucket: addition.bucket, queue: queue, worker: worker, at: now, in: tx)
        }
    }
}

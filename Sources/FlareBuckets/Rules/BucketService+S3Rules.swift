import FlareModel
import FlareQueues
import FlareStore

/// A notification rule of an S3 client's configuration of a bucket.
package struct S3NotificationRule: Sendable, Hashable {
    /// The configuration's own name of it.
    package var id: String
    /// The queue's name.
    package var queue: String
    package var rule: NotificationRule

    package init(id: String, queue: String, rule: NotificationRule) {
        self.id = id
        self.queue = queue
        self.rule = rule
    }
}

extension BucketService {
    /// The description of a rule of an S3 client's configuration begins so; its id follows.
    private static let s3Mark = "S3: "

    /// The id by which S3 clients know a rule.
    package static func s3RuleID(_ rule: NotificationRuleRecord) -> String {
        rule.description.hasPrefix(s3Mark) ? String(rule.description.dropFirst(s3Mark.count)) : rule.id
    }

    /// Makes the rules of S3 clients' configurations those that are given.
    ///
    /// Rules that were made elsewhere stay: one that is given again, as a client does that changes what it has read, is
    /// left as it is. Throws `bucketNotFound`, `queueNotFound`, or `ruleOverlap` naming both rules, and then changes
    /// nothing.
    package func setS3Rules(_ wanted: [S3NotificationRule], of bucket: String) async throws {
        let now = time.now()
        try await database.write { [queues] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            var additions = wanted
            for record in try NotificationRuleRecord.rules(of: bucket, in: tx) {
                let queue = try queues.record(named: record.queueID, in: tx).name
                let isS3 = record.description.hasPrefix(Self.s3Mark)
                let same = additions.firstIndex { addition in
                    addition.queue == queue && addition.rule == record.rule
                        && (!isS3 || Self.s3Mark + addition.id == record.description)
                }
                if let same {
                    additions.remove(at: same)
                } else if isS3 {
                    try self.deleteRule(record, in: tx)
                }
            }
            for addition in additions {
                let queue = try queues.record(named: addition.queue, in: tx)
                let rule = NewNotificationRule(addition.rule, description: Self.s3Mark + addition.id)
                _ = try self.addRule(rule, bucket: bucket, queue: queue, worker: nil, at: now, in: tx)
            }
        }
    }
}

import FlareBuckets
import FlareModel
import FlareQueues

/// Notification rules of buckets over REST v4.
///
/// A queue is addressed by its id; its name is taken too.
struct NotificationsRoutes {
    let buckets: BucketService

    private static let path = "/client/v4/accounts/:account/event_notifications/r2/:bucket/configuration"

    func register(on routes: APIRoutes) {
        routes.get(Self.path) { request in
            let bucket = try request.parameter("bucket")
            let queues = try await buckets.rules(of: bucket).map { NotificationQueueBody($0) }
            return .result(NotificationConfigurationBody(bucketName: bucket, queues: queues))
        }
        routes.get("\(Self.path)/queues/:queue") { request in
            let rules = try await buckets.rules(of: request.parameter("bucket"), queue: request.parameter("queue"))
            return .result(NotificationQueueBody(rules))
        }
        // Adds to the rules that are there, whatever the method says, and answers those added.
        routes.put("\(Self.path)/queues/:queue") { request in
            let additions = try await request.json(NotificationCreateBody.self).rules.map { rule in
                NewNotificationRule(
                    NotificationRule(
                        prefix: rule.prefix ?? "",
                        suffix: rule.suffix ?? "",
                        actions: Set(rule.actions)
                    ),
                    description: rule.description ?? ""
                )
            }
            let added = try await buckets.addRules(
                additions,
                bucket: request.parameter("bucket"),
                queue: request.parameter("queue")
            )
            return .result(NotificationQueueBody(added))
        }
        routes.delete("\(Self.path)/queues/:queue") { request in
            let ids = try await request.json(NotificationDeleteBody.self).ruleIds
            try await buckets.deleteRules(
                ids,
                bucket: request.parameter("bucket"),
                queue: request.parameter("queue")
            )
            return .empty()
        }
    }
}

extension NotificationQueueBody {
    init(_ rules: QueueRules) {
        self.init(
            queueId: rules.queue.id,
            queueName: rules.queue.name,
            rules: rules.rules.map { record in
                NotificationRuleBody(
                    ruleId: record.id,
                    createdAt: record.createdAt,
                    prefix: record.rule.prefix,
                    suffix: record.rule.suffix,
                    description: record.description,
                    actions: ObjectAction.allCases.filter(record.rule.actions.contains),
                    worker: record.worker
                )
            }
        )
    }
}

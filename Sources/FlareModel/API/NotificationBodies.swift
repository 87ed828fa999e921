/// What can happen to an object, in R2's words.
package enum ObjectAction: String, Codable, Sendable, CaseIterable {
    case putObject = "PutObject"
    case copyObject = "CopyObject"
    case completeMultipartUpload = "CompleteMultipartUpload"
    case deleteObject = "DeleteObject"
    case lifecycleDeletion = "LifecycleDeletion"
}

/// The two kinds of events of the command line; each stands for several actions.
package enum ObjectEventType: String, Sendable, CaseIterable {
    case objectCreate = "object-create"
    case objectDelete = "object-delete"

    package var actions: [ObjectAction] {
        switch self {
        case .objectCreate: [.putObject, .copyObject, .completeMultipartUpload]
        case .objectDelete: [.deleteObject, .lifecycleDeletion]
        }
    }

    /// Actions for people: the types that they make up in whole, then the single ones that are left.
    package static func words(for actions: some Sequence<ObjectAction>) -> [String] {
        let actions = Set(actions)
        let types = allCases.filter { actions.isSuperset(of: $0.actions) }
        let rest = ObjectAction.allCases.filter { action in
            actions.contains(action) && !types.contains { $0.actions.contains(action) }
        }
        return types.map(\.rawValue) + rest.map(\.rawValue)
    }
}

/// All notification rules of a bucket, by queue.
package struct NotificationConfigurationBody: Codable, Sendable {
    package var bucketName: String
    package var queues: [NotificationQueueBody]

    package init(bucketName: String, queues: [NotificationQueueBody]) {
        self.bucketName = bucketName
        self.queues = queues
    }
}

/// The notification rules of a bucket that target one queue.
package struct NotificationQueueBody: Codable, Sendable {
    package var queueId: String
    package var queueName: String
    package var rules: [NotificationRuleBody]

    package init(queueId: String, queueName: String, rules: [NotificationRuleBody]) {
        self.queueId = queueId
        self.queueName = queueName
        self.rules = rules
    }
}

/// One notification rule.
package struct NotificationRuleBody: Codable, Sendable, Hashable {
    package var ruleId: String
    package var createdAt: Timestamp
    package var prefix: String
    package var suffix: String
    package var description: String
    package var actions: [ObjectAction]
    /// The Worker whose configuration the rule stands in; absent for one that was made by command.
    package var worker: String?

    package init(
        ruleId: String,
        createdAt: Timestamp,
        prefix: String,
        suffix: String,
        description: String,
        actions: [ObjectAction],
        worker: String? = nil
    ) {
        self.ruleId = ruleId
        self.createdAt = createdAt
        self.prefix = prefix
        self.suffix = suffix
        self.description = description
        self.actions = actions
        self.worker = worker
    }
}

/// Rules to add to those of one queue.
package struct NotificationCreateBody: Codable, Sendable {
    package struct Rule: Codable, Sendable {
        package var prefix: String?
        package var suffix: String?
        package var description: String?
        package var actions: [ObjectAction]

        package init(prefix: String?, suffix: String?, description: String?, actions: [ObjectAction]) {
            self.prefix = prefix
            self.suffix = suffix
            self.description = description
            self.actions = actions
        }
    }

    package var rules: [Rule]

    package init(rules: [Rule]) {
        self.rules = rules
    }
}

/// Which rules of a queue to delete; all of them when nil.
package struct NotificationDeleteBody: Codable, Sendable {
    package var ruleIds: [String]?

    package init(ruleIds: [String]?) {
        self.ruleIds = ruleIds
    }
}

/// A subscription of a queue to events, as `/event_subscriptions/subscriptions` answers it.
package struct SubscriptionBody: Codable, Sendable, Hashable {
    package var id: String
    package var createdAt: Timestamp
    package var modifiedAt: Timestamp
    package var name: String
    package var enabled: Bool
    package var source: SubscriptionSourceBody
    package var destination: SubscriptionDestinationBody
    package var events: [String]

    package init(
        id: String,
        createdAt: Timestamp,
        modifiedAt: Timestamp,
        name: String,
        enabled: Bool,
        source: SubscriptionSourceBody,
        destination: SubscriptionDestinationBody,
        events: [String]
    ) {
        self.id = id
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.name = name
        self.enabled = enabled
        self.source = source
        self.destination = destination
        self.events = events
    }

    enum CodingKeys: String, CodingKey {
        case id, name, enabled, source, destination, events
        case createdAt = "created_at"
        case modifiedAt = "modified_at"
    }
}

/// What a subscription listens to.
package struct SubscriptionSourceBody: Codable, Sendable, Hashable {
    package var type: String
    /// The workflow of `workflows.workflow`; all of them when absent.
    package var workflowName: String?
    /// The Worker of `workers.script`, by its stable id, which is its name here; all of them when absent.
    package var scriptTag: String?
    /// Another way to name the Worker.
    package var workerName: String?

    package init(
        type: String,
        workflowName: String? = nil,
        scriptTag: String? = nil,
        workerName: String? = nil
    ) {
        self.type = type
        self.workflowName = workflowName
        self.scriptTag = scriptTag
        self.workerName = workerName
    }

    enum CodingKeys: String, CodingKey {
        case type
        case workflowName = "workflow_name"
        case scriptTag = "script_tag"
        case workerName = "worker_name"
    }
}

/// Where the messages of a subscription go.
package struct SubscriptionDestinationBody: Codable, Sendable, Hashable {
    package var type: String
    package var queueID: String

    package init(queueID: String) {
        type = "queues.queue"
        self.queueID = queueID
    }

    enum CodingKeys: String, CodingKey {
        case type
        case queueID = "queue_id"
    }
}

/// What creates a subscription.
package struct SubscriptionCreateBody: Codable, Sendable {
    package var name: String?
    package var enabled: Bool?
    package var source: SubscriptionSourceBody
    package var destination: SubscriptionDestinationBody
    package var events: [String]

    package init(
        name: String?,
        enabled: Bool?,
        source: SubscriptionSourceBody,
        destination: SubscriptionDestinationBody,
        events: [String]
    ) {
        self.name = name
        self.enabled = enabled
        self.source = source
        self.destination = destination
        self.events = events
    }
}

/// What changes a subscription; what is absent keeps its value.
package struct SubscriptionUpdateBody: Codable, Sendable {
    package var name: String?
    package var enabled: Bool?
    package var events: [String]?
    package var destination: SubscriptionDestinationBody?

    package init(
        name: String? = nil,
        enabled: Bool? = nil,
        events: [String]? = nil,
        destination: SubscriptionDestinationBody? = nil
    ) {
        self.name = name
        self.enabled = enabled
        self.events = events
        self.destination = destination
    }
}

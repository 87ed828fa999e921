/// A queue, in the shape of Cloudflare's API.
package struct QueueBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var settings: QueueSettingsBody
    package var producersTotalCount: Int
    package var producers: [QueueProducerBody]
    package var consumersTotalCount: Int
    package var consumers: [QueueConsumerBody]

    package init(
        id: String,
        name: String,
        createdOn: Timestamp,
        modifiedOn: Timestamp,
        settings: QueueSettingsBody,
        producers: [QueueProducerBody],
        consumers: [QueueConsumerBody]
    ) {
        self.id = id
        self.name = name
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
        self.settings = settings
        producersTotalCount = producers.count
        self.producers = producers
        consumersTotalCount = consumers.count
        self.consumers = consumers
    }

    enum CodingKeys: String, CodingKey {
        case settings, producers, consumers
        case id = "queue_id"
        case name = "queue_name"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case producersTotalCount = "producers_total_count"
        case consumersTotalCount = "consumers_total_count"
    }
}

/// The settings of a queue.
///
/// In requests, what is absent keeps its value or takes its default.
package struct QueueSettingsBody: Codable, Sendable, Hashable {
    /// Seconds.
    package var deliveryDelay: Int?
    package var deliveryPaused: Bool?
    /// Seconds.
    package var messageRetentionPeriod: Int?

    package init(deliveryDelay: Int? = nil, deliveryPaused: Bool? = nil, messageRetentionPeriod: Int? = nil) {
        self.deliveryDelay = deliveryDelay
        self.deliveryPaused = deliveryPaused
        self.messageRetentionPeriod = messageRetentionPeriod
    }

    enum CodingKeys: String, CodingKey {
        case deliveryDelay = "delivery_delay"
        case deliveryPaused = "delivery_paused"
        case messageRetentionPeriod = "message_retention_period"
    }
}

/// A request that creates or changes a queue.
package struct QueueRequest: Codable, Sendable {
    package var queueName: String?
    package var settings: QueueSettingsBody?

    package init(queueName: String? = nil, settings: QueueSettingsBody? = nil) {
        self.queueName = queueName
        self.settings = settings
    }

    enum CodingKeys: String, CodingKey {
        case queueName = "queue_name"
        case settings
    }
}

/// Something that sends to a queue: a Worker by its `script`, or a bucket's notifications by its `bucket_name`.
package struct QueueProducerBody: Codable, Sendable, Hashable {
    package var type: String
    package var script: String?
    package var bucketName: String?

    package init(type: String, script: String? = nil, bucketName: String? = nil) {
        self.type = type
        self.script = script
        self.bucketName = bucketName
    }

    enum CodingKeys: String, CodingKey {
        case type, script
        case bucketName = "bucket_name"
    }
}

/// The consumer of a queue, in the shape of Cloudflare's API; the type `workflow` is flare's own.
package struct QueueConsumerBody: Codable, Sendable {
    package var consumerID: String
    package var type: String
    package var queueName: String
    package var createdOn: Timestamp
    package var deadLetterQueue: String?
    package var settings: QueueConsumerSettingsBody
    /// The Worker under both of the names that Cloudflare's clients read.
    package var scriptName: String?
    package var script: String?
    package var workflowName: String?

    package init(
        consumerID: String,
        type: String,
        queueName: String,
        createdOn: Timestamp,
        deadLetterQueue: String?,
        settings: QueueConsumerSettingsBody,
        scriptName: String?,
        workflowName: String?
    ) {
        self.consumerID = consumerID
        self.type = type
        self.queueName = queueName
        self.createdOn = createdOn
        self.deadLetterQueue = deadLetterQueue
        self.settings = settings
        self.scriptName = scriptName
        script = scriptName
        self.workflowName = workflowName
    }

    enum CodingKeys: String, CodingKey {
        case type, settings, script
        case consumerID = "consumer_id"
        case queueName = "queue_name"
        case createdOn = "created_on"
        case deadLetterQueue = "dead_letter_queue"
        case scriptName = "script_name"
        case workflowName = "workflow_name"
    }
}

/// The settings of a consumer.
///
/// In requests, what is absent takes its default.
package struct QueueConsumerSettingsBody: Codable, Sendable, Hashable {
    package var batchSize: Int?
    package var maxRetries: Int?
    /// Milliseconds that a batch waits to fill.
    package var maxWaitTimeMs: Int?
    package var maxConcurrency: Int?
    /// Seconds.
    package var retryDelay: Int?
    package var visibilityTimeoutMs: Int?

    package init(
        batchSize: Int? = nil,
        maxRetries: Int? = nil,
        maxWaitTimeMs: Int? = nil,
        maxConcurrency: Int? = nil,
        retryDelay: Int? = nil,
        visibilityTimeoutMs: Int? = nil
    ) {
        self.batchSize = batchSize
        self.maxRetries = maxRetries
        self.maxWaitTimeMs = maxWaitTimeMs
        self.maxConcurrency = maxConcurrency
        self.retryDelay = retryDelay
        self.visibilityTimeoutMs = visibilityTimeoutMs
    }

    enum CodingKeys: String, CodingKey {
        case batchSize = "batch_size"
        case maxRetries = "max_retries"
        case maxWaitTimeMs = "max_wait_time_ms"
        case maxConcurrency = "max_concurrency"
        case retryDelay = "retry_delay"
        case visibilityTimeoutMs = "visibility_timeout_ms"
    }
}

/// A request that sets the consumer of a queue.
package struct QueueConsumerRequest: Codable, Sendable {
    /// `worker`, `http_pull`, or flare's own `workflow`.
    package var type: String
    package var scriptName: String?
    package var workflowName: String?
    package var deadLetterQueue: String?
    package var settings: QueueConsumerSettingsBody?

    package init(
        type: String,
        scriptName: String? = nil,
        workflowName: String? = nil,
        deadLetterQueue: String? = nil,
        settings: QueueConsumerSettingsBody? = nil
    ) {
        self.type = type
        self.scriptName = scriptName
        self.workflowName = workflowName
        self.deadLetterQueue = deadLetterQueue
        self.settings = settings
    }

    enum CodingKeys: String, CodingKey {
        case type, settings
        case scriptName = "script_name"
        case workflowName = "workflow_name"
        case deadLetterQueue = "dead_letter_queue"
    }
}

/// A queue with what has happened to its messages, for the command line.
package struct QueueStatusBody: Codable, Sendable {
    package var queue: QueueBody
    /// Messages that wait or are leased.
    package var backlogCount: Int
    package var backlogBytes: Int
    package var oldestMessage: Timestamp?
    /// Messages whose last attempt failed and that stay in the queue, for want of a dead letter queue.
    package var deadCount: Int
    /// Counts since the queue was created.
    package var totals: Totals

    /// What has happened to the messages of a queue since it was created.
    package struct Totals: Codable, Sendable, Hashable {
        package var accepted: Int
        package var acknowledged: Int
        package var retried: Int
        package var died: Int
        package var expired: Int

        package init(accepted: Int, acknowledged: Int, retried: Int, died: Int, expired: Int) {
            self.accepted = accepted
            self.acknowledged = acknowledged
            self.retried = retried
            self.died = died
            self.expired = expired
        }
    }

    package init(
        queue: QueueBody,
        backlogCount: Int,
        backlogBytes: Int,
        oldestMessage: Timestamp?,
        deadCount: Int,
        totals: Totals
    ) {
        self.queue = queue
        self.backlogCount = backlogCount
        self.backlogBytes = backlogBytes
        self.oldestMessage = oldestMessage
        self.deadCount = deadCount
        self.totals = totals
    }

    enum CodingKeys: String, CodingKey {
        case queue, totals
        case backlogCount = "backlog_count"
        case backlogBytes = "backlog_bytes"
        case oldestMessage = "oldest_message"
        case deadCount = "dead_count"
    }
}

/// The size and age of a backlog, in the shape of Cloudflare's API.
package struct QueueMetricsBody: Codable, Sendable {
    package var backlogCount: Int
    package var backlogBytes: Int
    /// Milliseconds since 1970; 0 when the queue is empty.
    package var oldestMessageTimestampMs: Int64

    package init(backlogCount: Int, backlogBytes: Int, oldestMessageTimestampMs: Int64) {
        self.backlogCount = backlogCount
        self.backlogBytes = backlogBytes
        self.oldestMessageTimestampMs = oldestMessageTimestampMs
    }

    enum CodingKeys: String, CodingKey {
        case backlogCount = "backlog_count"
        case backlogBytes = "backlog_bytes"
        case oldestMessageTimestampMs = "oldest_message_timestamp_ms"
    }
}

/// Metrics as they come beside messages.
package struct QueueMetadataBody: Codable, Sendable {
    package var metrics: QueueMetricsBody

    package init(metrics: QueueMetricsBody) {
        self.metrics = metrics
    }
}

/// The answer of a send.
package struct QueueSentBody: Codable, Sendable {
    package var metadata: QueueMetadataBody

    package init(metrics: QueueMetricsBody) {
        metadata = QueueMetadataBody(metrics: metrics)
    }
}

/// One message of a send.
package struct QueuePushRequest: Codable, Sendable {
    package var body: JSONValue?
    /// `json` when absent; `bytes` come as base64.
    package var contentType: String?
    package var delaySeconds: Int?

    package init(body: JSONValue?, contentType: String? = nil, delaySeconds: Int? = nil) {
        self.body = body
        self.contentType = contentType
        self.delaySeconds = delaySeconds
    }

    enum CodingKeys: String, CodingKey {
        case body
        case contentType = "content_type"
        case delaySeconds = "delay_seconds"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // `null` is a body too; only an absent field is none.
        body = container.contains(.body) ? try container.decode(JSONValue.self, forKey: .body) : nil
        contentType = try container.decodeIfPresent(String.self, forKey: .contentType)
        delaySeconds = try container.decodeIfPresent(Int.self, forKey: .delaySeconds)
    }
}

/// Several messages of a send.
package struct QueuePushBatchRequest: Codable, Sendable {
    package var messages: [QueuePushRequest]
    /// For messages without a delay of their own.
    package var delaySeconds: Int?

    package init(messages: [QueuePushRequest], delaySeconds: Int? = nil) {
        self.messages = messages
        self.delaySeconds = delaySeconds
    }

    enum CodingKeys: String, CodingKey {
        case messages
        case delaySeconds = "delay_seconds"
    }
}

/// A pull or, with `batch_size` alone, a peek.
package struct QueuePullRequest: Codable, Sendable {
    package var batchSize: Int?
    package var visibilityTimeoutMs: Int?
    /// The name under which some of Cloudflare's pages have it; milliseconds too.
    package var visibilityTimeout: Int?

    package init(batchSize: Int? = nil, visibilityTimeoutMs: Int? = nil) {
        self.batchSize = batchSize
        self.visibilityTimeoutMs = visibilityTimeoutMs
    }

    enum CodingKeys: String, CodingKey {
        case batchSize = "batch_size"
        case visibilityTimeoutMs = "visibility_timeout_ms"
        case visibilityTimeout = "visibility_timeout"
    }
}

/// A message as Cloudflare's API shows it: pulled ones have a `lease_id`, peeked ones a `ref`.
package struct QueuePulledMessageBody: Codable, Sendable {
    package var id: String
    /// Text as it is; base64 of other content types.
    package var body: String
    package var attempts: Int
    package var timestampMs: Int64
    package var metadata: [String: String]
    package var leaseID: String?
    package var ref: String?

    package init(
        id: String,
        body: String,
        attempts: Int,
        timestampMs: Int64,
        metadata: [String: String],
        leaseID: String? = nil,
        ref: String? = nil
    ) {
        self.id = id
        self.body = body
        self.attempts = attempts
        self.timestampMs = timestampMs
        self.metadata = metadata
        self.leaseID = leaseID
        self.ref = ref
    }

    enum CodingKeys: String, CodingKey {
        case id, body, attempts, metadata, ref
        case timestampMs = "timestamp_ms"
        case leaseID = "lease_id"
    }
}

/// The answer of a pull or peek.
package struct QueuePullBody: Codable, Sendable {
    package var messages: [QueuePulledMessageBody]
    package var messageBacklogCount: Int?
    package var metadata: QueueMetadataBody?

    package init(messages: [QueuePulledMessageBody], metrics: QueueMetricsBody? = nil) {
        self.messages = messages
        messageBacklogCount = metrics?.backlogCount
        metadata = metrics.map { QueueMetadataBody(metrics: $0) }
    }

    enum CodingKeys: String, CodingKey {
        case messages, metadata
        case messageBacklogCount = "message_backlog_count"
    }
}

/// A request that settles leases.
///
/// `releases` is flare's own: messages given back untouched.
package struct QueueAckRequest: Codable, Sendable {
    /// One lease.
    package struct Lease: Codable, Sendable {
        package var leaseID: String
        package var delaySeconds: Int?
        /// Flare's own: why the attempt failed, kept with a dead letter.
        package var reason: String?

        package init(leaseID: String, delaySeconds: Int? = nil, reason: String? = nil) {
            self.leaseID = leaseID
            self.delaySeconds = delaySeconds
            self.reason = reason
        }

        enum CodingKeys: String, CodingKey {
            case reason
            case leaseID = "lease_id"
            case delaySeconds = "delay_seconds"
        }
    }

    package var acks: [Lease]?
    package var retries: [Lease]?
    package var releases: [Lease]?

    package init(acks: [Lease]? = nil, retries: [Lease]? = nil, releases: [Lease]? = nil) {
        self.acks = acks
        self.retries = retries
        self.releases = releases
    }
}

/// The answer of a settlement.
///
/// `warnings` names the leases that did nothing.
package struct QueueAckBody: Codable, Sendable {
    package var ackCount: Int
    package var retryCount: Int
    package var releaseCount: Int?
    package var warnings: [String: String]

    package init(ackCount: Int, retryCount: Int, releaseCount: Int? = nil, warnings: [String: String]) {
        self.ackCount = ackCount
        self.retryCount = retryCount
        self.releaseCount = releaseCount
        self.warnings = warnings
    }
}

/// A request that removes single messages by their `ref`.
package struct QueueRemoveRequest: Codable, Sendable {
    /// One message.
    package struct Reference: Codable, Sendable {
        package var ref: String
    }

    package var refs: [Reference]
}

/// The answer of removing single messages.
package struct QueueRemoveBody: Codable, Sendable {
    package var errors: [String]
    package var warnings: [String: String]

    package init(warnings: [String: String]) {
        errors = []
        self.warnings = warnings
    }
}

/// The answer of a purge.
package struct QueuePurgeBody: Codable, Sendable {
    package var startedAt: Timestamp
    /// `true`: a purge is over when it answers.
    package var completed: String
    /// Flare's own: how many messages there were.
    package var removedCount: Int?

    package init(startedAt: Timestamp, completed: String = "true", removedCount: Int? = nil) {
        self.startedAt = startedAt
        self.completed = completed
        self.removedCount = removedCount
    }

    enum CodingKeys: String, CodingKey {
        case completed
        case startedAt = "started_at"
        case removedCount = "removed_count"
    }
}

/// How many messages a command has touched.
package struct QueueCountBody: Codable, Sendable {
    package var count: Int

    package init(count: Int) {
        self.count = count
    }
}

/// A message as the command line shows it, in lists and in NDJSON streams.
///
/// Its body is readable where it can be.
package struct QueueMessageBody: Codable, Sendable {
    package var id: String
    /// Its place in the order of arrival: a tail goes on after it.
    package var cursor: Int64?
    package var timestamp: Timestamp
    package var attempts: Int
    package var contentType: String
    /// `utf8`, or `base64` when the bytes are not text.
    package var encoding: String
    package var body: String
    package var leaseID: String?
    package var visibleAt: Timestamp?
    package var isLeased: Bool?
    package var diedAt: Timestamp?
    package var originQueue: String?
    package var reason: String?

    package init(
        id: String,
        cursor: Int64? = nil,
        timestamp: Timestamp,
        attempts: Int,
        contentType: String,
        encoding: String,
        body: String,
        leaseID: String? = nil
    ) {
        self.id = id
        self.cursor = cursor
        self.timestamp = timestamp
        self.attempts = attempts
        self.contentType = contentType
        self.encoding = encoding
        self.body = body
        self.leaseID = leaseID
    }

    enum CodingKeys: String, CodingKey {
        case id, cursor, timestamp, attempts, encoding, body, reason
        case contentType = "content_type"
        case leaseID = "lease_id"
        case visibleAt = "visible_at"
        case isLeased = "leased"
        case diedAt = "died_at"
        case originQueue = "origin_queue"
    }
}

import FlareModel
import FlareQueues
import FoundationEssentials

extension QueueInfo {
    /// The queue in Cloudflare's shape.
    var body: QueueBody {
        QueueBody(
            id: record.id,
            name: record.name,
            createdOn: record.createdAt,
            modifiedOn: record.modifiedAt,
            settings: QueueSettingsBody(
                deliveryDelay: record.settings.deliveryDelaySeconds,
                deliveryPaused: record.settings.deliveryPaused,
                messageRetentionPeriod: record.settings.retentionSeconds
            ),
            producers: producers.map { producer in
                switch producer.kind {
                case .worker: QueueProducerBody(type: "worker", script: producer.name)
                case .bucket: QueueProducerBody(type: "r2_bucket", bucketName: producer.name)
                }
            },
            consumers: consumer.map { [$0.body(queueName: record.name)] } ?? []
        )
    }

    /// The queue with its counts, for the command line.
    var status: QueueStatusBody {
        QueueStatusBody(
            queue: body,
            backlogCount: counters.waiting,
            backlogBytes: counters.waitingBytes,
            oldestMessage: oldestMessage,
            deadCount: counters.dead,
            totals: .init(
                accepted: counters.accepted,
                acknowledged: counters.acknowledged,
                retried: counters.retried,
                died: counters.died,
                expired: counters.expired
            )
        )
    }
}

extension ConsumerRecord {
    /// The consumer in Cloudflare's shape.
    func body(queueName: String) -> QueueConsumerBody {
        let (type, script, workflow): (String, String?, String?) =
            switch target {
            case .worker(let name): ("worker", name, nil)
            case .workflow(let name): ("workflow", nil, name)
            case .httpPull: ("http_pull", nil, nil)
            }
        let isPull = target == .httpPull
        return QueueConsumerBody(
            consumerID: id,
            type: type,
            queueName: queueName,
            createdOn: createdAt,
            deadLetterQueue: deadLetterQueue,
            settings: QueueConsumerSettingsBody(
                batchSize: settings.batchSize,
                maxRetries: settings.maxRetries,
                maxWaitTimeMs: isPull ? nil : settings.maxWaitMilliseconds,
                maxConcurrency: settings.maxConcurrency,
                retryDelay: settings.retryDelaySeconds,
                visibilityTimeoutMs: isPull ? settings.visibilityMilliseconds : nil
            ),
            scriptName: script,
            workflowName: workflow
        )
    }
}

extension QueueMetrics {
    var body: QueueMetricsBody {
        QueueMetricsBody(
            backlogCount: backlogCount,
            backlogBytes: backlogBytes,
            oldestMessageTimestampMs: oldestMessage?.milliseconds ?? 0
        )
    }
}

extension StoredMessage {
    /// The message in Cloudflare's shape.
    var peekedBody: QueuePulledMessageBody {
        QueuePulledMessageBody(
            id: id,
            body: pulledText(body, contentType),
            attempts: attempts,
            timestampMs: timestamp.milliseconds,
            metadata: pulledMetadata(contentType, origin),
            ref: String(sequence)
        )
    }

    /// The message for the command line, as it stands at a moment.
    func commandBody(now: Timestamp) -> QueueMessageBody {
        let (encoding, text) = readable(body, contentType)
        var result = QueueMessageBody(
            id: id,
            cursor: sequence,
            timestamp: timestamp,
            attempts: attempts,
            contentType: contentType.rawValue,
            encoding: encoding,
            body: text
        )
        result.visibleAt = visibleAt
        result.isLeased = isLeased && visibleAt > now
        result.diedAt = diedAt
        result.originQueue = origin?.queue
        result.reason = origin?.reason
        return result
    }
}

/// Cloudflare's pull answers text as it is and everything else as base64.
private func pulledText(_ body: [UInt8], _ contentType: MessageContentType) -> String {
    contentType == .text ? String(decoding: body, as: UTF8.self) : Data(body).base64EncodedString()
}

private func pulledMetadata(_ contentType: MessageContentType, _ origin: MessageOrigin?) -> [String: String] {
    var metadata = ["CF-Content-Type": contentType.rawValue, "CF-sourceMessageSource": "flare"]
    metadata["flare-origin-queue"] = origin?.queue
    metadata["flare-dead-letter-reason"] = origin?.reason
    return metadata
}

func readable(_ body: [UInt8], _ contentType: MessageContentType) -> (encoding: String, text: String) {
    if isReadable(body, contentType) { return ("utf8", String(decoding: body, as: UTF8.self)) }
    return ("base64", Data(body).base64EncodedString())
}

/// Whether a body is shown as it is, and not as base64.
func isReadable(_ body: [UInt8], _ contentType: MessageContentType) -> Bool {
    contentType != .v8 && String(validating: body, as: UTF8.self) != nil
}

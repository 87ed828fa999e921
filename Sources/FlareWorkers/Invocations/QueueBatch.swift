package import FlareModel

/// A batch of messages for a Worker's `queue` handler, and what the handler made of it.
package struct QueueBatch: Sendable {
    /// One message, as the handler sees it.
    package struct Message: Sendable {
        package var id: String
        package var timestamp: Timestamp
        /// How often it is delivered, with this time.
        package var attempts: Int
        /// `json`, `text`, `bytes` or `v8`.
        package var contentType: String
        package var body: [UInt8]

        package init(id: String, timestamp: Timestamp, attempts: Int, contentType: String, body: [UInt8]) {
            self.id = id
            self.timestamp = timestamp
            self.attempts = attempts
            self.contentType = contentType
            self.body = body
        }
    }

    /// What happens to one message.
    package enum Verdict: Sendable, Hashable {
        case acknowledge
        /// Nil: the queue's own delay.
        case retry(delaySeconds: Int?)
        /// The handler threw and had not spoken of it.
        case failed
        /// The handler has not seen the message, for its body is not of its content type.
        case unreadable(reason: String)
    }

    package var queue: String
    package var messages: [Message]

    /// The backlog as the handler finds it in `batch.metadata.metrics`.
    package var metrics: JSONValue

    package init(queue: String, messages: [Message], metrics: JSONValue = .object([:])) {
        self.queue = queue
        self.messages = messages
        self.metrics = metrics
    }

    /// The invocation of the handler.
    package func invocation(worker: String, onLog: (@Sendable (ConsoleLine) -> Void)? = nil) -> Invocation {
        let descriptions = messages.map { message in
            JSONValue.object([
                "id": .string(message.id),
                "timestampMs": .integer(message.timestamp.milliseconds),
                "attempts": .integer(Int64(message.attempts)),
                "contentType": .string(message.contentType),
                "bytes": .integer(Int64(message.body.count)),
            ])
        }
        return Invocation(
            worker: worker,
            kind: .queue,
            header: .object(["queue": .string(queue), "messages": .array(descriptions), "metrics": metrics]),
            body: messages.flatMap(\.body),
            deadline: Limits.queueHandlerTimeout,
            tags: ["queue": queue],
            onLog: onLog
        )
    }

    /// What the handler decided for each message, in their order: two of them may have the same id.
    ///
    /// Messages that it did not speak of are acknowledged when it returned and have failed when it threw; that is
    /// decided by the harness already. Throws `runFailed` when the reply is not one of a queue handler.
    package static func verdicts(of result: InvocationResult) throws -> [Verdict] {
        try (result.value["per"]?.arrayValue ?? []).map { entry in
            let fields = entry.arrayValue ?? []
            guard let action = fields.first?.stringValue else {
                throw FlareError(.runFailed, "a queue handler's process gave an answer of the wrong shape")
            }
            return switch action {
            case "ack": .acknowledge
            case "fail": .failed
            case "unreadable": .unreadable(reason: fields.last?.stringValue ?? action)
            default: .retry(delaySeconds: fields.count > 1 ? fields[1].integerValue : nil)
            }
        }
    }
}

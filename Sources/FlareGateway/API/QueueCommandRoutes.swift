import FlareModel
import FlareQueues

/// What the command line needs of queues and Cloudflare's API lacks: raw bodies, waiting pulls, following, dead
/// letters.
struct QueueCommandRoutes {
    let queues: QueueService

    private static let base = "/flare/v1/queues"

    func register(on routes: APIRoutes) {
        routes.get(Self.base) { _ in .result(try await queues.list().map(\.status)) }
        routes.get(Self.base + "/:queue") { request in
            .result(try await queues.get(request.parameter("queue")).status)
        }
        QueueTransferRoutes(queues: queues, base: Self.base + "/:queue").register(on: routes)
        registerMessages(on: routes)
        registerConsuming(on: routes)
    }

    private func registerMessages(on routes: APIRoutes) {
        // The body of the request is the body of the message, byte for byte.
        routes.post(Self.base + "/:queue/send") { request in
            let name = request.query("content_type") ?? MessageContentType.json.rawValue
            guard let contentType = MessageContentType(rawValue: name), contentType != .v8 else {
                throw FlareError(
                    .invalidArgument,
                    "\"\(name)\" is not a content type of messages",
                    hint: "use json, text or bytes"
                )
            }
            let delay = try request.integerQuery("delay_seconds", in: 0...Limits.messageDelaySecondsMax)
            let message = NewMessage(body: try await request.bytes(), contentType: contentType, delaySeconds: delay)
            if contentType == .json { _ = try JSONValue(json: message.body) }
            let metrics = try await queues.send([message], to: request.parameter("queue"))
            return .result(QueueSentBody(metrics: metrics.body))
        }
        routes.get(Self.base + "/:queue/peek") { request in
            let limit = try request.integerQuery("limit", in: 1...Limits.messageBatchMax) ?? Limits.messageBatchMax
            let isDead = request.query("dead") == "true"
            let messages = try await queues.peek(
                request.parameter("queue"),
                limit: limit,
                dead: isDead,
                after: request.messageCursor() ?? -1,
                filter: request.messageFilter()
            )
            return .result(messages.map { $0.commandBody(now: queues.now) })
        }
        routes.get(Self.base + "/:queue/tail") { request in
            let queue = try request.parameter("queue")
            let start = try Self.start(request.query("cursor"))
            let follows = request.query("follow") != "false"
            let filter = try request.messageFilter()
            let since = try request.query("since").map { text in
                guard let time = Timestamp(text) else {
                    throw FlareError(.invalidArgument, "since \"\(text)\" is not a time", hint: "write it in RFC 3339")
                }
                return time
            }
            // Fails before the head of the answer is sent.
            _ = try await queues.get(queue)
            let headers = [("Content-Type", "application/x-ndjson")]
            return .stream(headers: headers, follows: follows) { writer in
                try await queues.tail(queue, from: start, since: since, filter: filter, follows: follows) { message in
                    try await writer.line(message.commandBody(now: queues.now))
                }
            }
        }
    }

    /// `oldest`, `now`, or the cursor of the last message seen.
    ///
    /// By default `oldest`.
    private static func start(_ cursor: String?) throws -> TailStart {
        switch cursor {
        case nil, "oldest": return .oldest
        case "now": return .now
        case let text?:
            guard let sequence = Int64(text), sequence >= 0 else {
                throw FlareError(.invalidArgument, "\"\(text)\" is not a cursor", hint: "use oldest, now or a number")
            }
            return .after(sequence)
        }
    }

    private func registerConsuming(on routes: APIRoutes) {
        routes.post(Self.base + "/:queue/pull") { request in
            let queue = try request.parameter("queue")
            let batchSize = try request.integerQuery("batch_size", in: 1...Limits.messageBatchMax)
            let visibility = try request.integerQuery(
                "visibility_timeout_ms",
                in: 1...Limits.visibilityMillisecondsMax
            )
            _ = try await request.bytesWaitingForMessages(in: queue, of: queues)
            let pulled = try await queues.pull(queue, batchSize: batchSize, visibilityMilliseconds: visibility)
            return .leased(pulled.batch.messages)
        }
        routes.post(Self.base + "/:queue/settle") { request in
            let settlement = try QueueMessagesReader.settlement(try await request.bytes())
            let report = try await queues.settle(settlement, queue: request.parameter("queue"))
            return .result(
                QueueAckBody(
                    ackCount: report.acknowledged,
                    retryCount: report.retried,
                    releaseCount: report.released,
                    warnings: report.warnings
                )
            )
        }
    }
}

import FlareModel
import FlareQueues

/// What `flare queues send` and `consume` need for many messages and for commands that take their time.
struct QueueShellRoutes {
    let queues: QueueService

    private static let base = "/flare/v1/queues/:queue"

    func register(on routes: APIRoutes) {
        // Messages as `MessageFrames`.
        routes.post(Self.base + "/bulk") { request in
            var messages: [NewMessage] = []
            try MessageFrames.read(await request.bytes(max: Limits.messageBulkBytesMax)) { name, delay, body in
                let contentType = MessageContentType(rawValue: name) ?? .bytes
                messages.append(NewMessage(body: body, contentType: contentType, delaySeconds: delay))
            }
            let metrics = try await queues.sendBulk(messages, to: request.parameter("queue"))
            return .result(QueueSentBody(metrics: metrics.body))
        }
        routes.post(Self.base + "/extend") { request in
            let body = try await request.json(QueueExtendRequest.self)
            let warnings = try await queues.extend(
                body.leaseIDs,
                visibilityMilliseconds: body.visibilityTimeoutMs,
                queue: request.parameter("queue")
            )
            return .result(QueueExtendBody(count: body.leaseIDs.count - warnings.count, warnings: warnings))
        }
        // Waits as a pull does and leases nothing: a client that goes away meanwhile holds no message.
        routes.get(Self.base + "/wait") { request in
            let queue = try request.parameter("queue")
            let wait = try request.integerQuery("wait_ms", in: 0...Limits.pullWaitMillisecondsMax) ?? 0
            _ = try await queues.get(queue)
            let deadline = queues.now + .milliseconds(wait)
            try await request.whileConnected {
                try await queues.waitForMessages(in: queue, until: deadline)
            }
            return .result(QueueWaitBody(isReady: queues.now < deadline))
        }
    }
}

import FlareModel
import FlareQueues
import FoundationEssentials

/// Messages over HTTP, in the shapes of Cloudflare's API.
struct QueueMessagesRoutes {
    let queues: QueueService

    func register(on routes: APIRoutes) {
        registerSends(on: routes)
        registerPulls(on: routes)
        registerKeeping(on: routes)
    }

    private func registerSends(on routes: APIRoutes) {
        let messages = QueuesRoutes.base + "/:queue/messages"
        routes.post(messages) { request in
            let message = try await request.json(QueuePushRequest.self).message()
            let metrics = try await queues.send([message], to: request.parameter("queue"))
            return .result(QueueSentBody(metrics: metrics.body))
        }
        routes.post(messages + "/batch") { request in
            let batch = try await request.json(QueuePushBatchRequest.self)
            let metrics = try await queues.send(
                batch.messages.map { try $0.message() },
                to: request.parameter("queue"),
                delaySeconds: batch.delaySeconds
            )
            return .result(QueueSentBody(metrics: metrics.body))
        }
    }

    private func registerPulls(on routes: APIRoutes) {
        let messages = QueuesRoutes.base + "/:queue/messages"
        routes.post(messages + "/pull") { request in
            let body = try await request.json(QueuePullRequest.self)
            let pulled = try await queues.pull(
                request.parameter("queue"),
                batchSize: body.batchSize,
                visibilityMilliseconds: body.visibilityTimeoutMs ?? body.visibilityTimeout
            )
            let shown = pulled.batch.messages.map(\.pulledBody)
            return .result(QueuePullBody(messages: shown, metrics: pulled.metrics.body))
        }
        routes.post(messages + "/ack") { request in
            let settlement = try await request.json(QueueAckRequest.self).settlement
            let report = try await queues.settle(settlement, queue: request.parameter("queue"))
            return .result(
                QueueAckBody(
                    ackCount: report.acknowledged,
                    retryCount: report.retried,
                    warnings: report.warnings
                )
            )
        }
        routes.post(messages + "/peek") { request in
            let limit = try await request.json(QueuePullRequest.self).batchSize ?? Limits.pullBatchDefault
            let peeked = try await queues.peek(request.parameter("queue"), limit: limit)
            return .result(QueuePullBody(messages: peeked.map(\.peekedBody)))
        }
    }

    private func registerKeeping(on routes: APIRoutes) {
        let queue = QueuesRoutes.base + "/:queue"
        routes.post(queue + "/messages/purge") { request in
            let references = try await request.json(QueueRemoveRequest.self).refs.map(\.ref)
            let warnings = try await queues.remove(references, from: request.parameter("queue"))
            return .result(QueueRemoveBody(warnings: warnings))
        }
        routes.get(queue + "/metrics") { request in
            .result(try await queues.metrics(request.parameter("queue")).body)
        }
        routes.post(queue + "/purge") { request in
            let body = try await request.json([String: JSONValue].self)
            guard body["delete_messages_permanently"]?.boolValue == true else {
                throw FlareError(
                    .invalidArgument,
                    "a purge must say \"delete_messages_permanently\": true in its body"
                )
            }
            return .result(try await queues.purge(request.parameter("queue")).body)
        }
        routes.get(queue + "/purge") { request in
            let queue = try request.parameter("queue")
            guard let purge = try await queues.lastPurge(of: queue) else {
                throw FlareError(.routeNotFound, "queue \"\(queue)\" has not been purged")
            }
            return .result(purge.body)
        }
    }
}

extension PurgeReport {
    var body: QueuePurgeBody {
        QueuePurgeBody(startedAt: startedAt, removedCount: removed)
    }
}

extension QueuePushRequest {
    /// The message that the request describes: text as it is, bytes from base64, anything else as JSON.
    func message() throws -> NewMessage {
        guard let contentType = MessageContentType(rawValue: contentType ?? "json"), contentType != .v8 else {
            throw FlareError(
                .invalidArgument,
                "\"\(contentType ?? "")\" is not a content type of messages over HTTP",
                hint: "use json, text or bytes"
            )
        }
        guard let body else { throw FlareError(.invalidData, "the message lacks the field \"body\"") }
        let bytes: [UInt8]
        switch contentType {
        case .text:
            guard let text = body.stringValue else {
                throw FlareError(.invalidData, "the body of a text message must be a string", hint: "or use json")
            }
            bytes = Array(text.utf8)
        case .bytes:
            guard let data = body.stringValue.flatMap({ Data(base64Encoded: $0) }) else {
                throw FlareError(.invalidData, "the body of a bytes message must be a base64 string")
            }
            bytes = Array(data)
        case .json, .v8:
            bytes = body.jsonBytes
        }
        return NewMessage(body: bytes, contentType: contentType, delaySeconds: delaySeconds)
    }
}

extension QueueAckRequest {
    var settlement: Settlement {
        Settlement(
            acks: (acks ?? []).map(\.leaseID),
            retries: (retries ?? []).map { lease in
                Settlement.Retry(
                    leaseID: lease.leaseID,
                    delaySeconds: lease.delaySeconds,
                    reason: lease.reason ?? "the consumer asked for a retry"
                )
            },
            releases: (releases ?? []).map { lease in
                Settlement.Release(leaseID: lease.leaseID, delaySeconds: lease.delaySeconds ?? 0)
            }
        )
    }
}

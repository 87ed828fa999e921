import FlareModel
import FlareQueues

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
            let message = try QueueMessagesReader.message(try await request.bytes())
            return .sent(try await queues.send([message], to: request.parameter("queue")))
        }
        routes.post(messages + "/batch") { request in
            let batch = try QueueMessagesReader.batch(try await request.bytes())
            let queue = try request.parameter("queue")
            return .sent(try await queues.send(batch.messages, to: queue, delaySeconds: batch.delaySeconds))
        }
    }

    private func registerPulls(on routes: APIRoutes) {
        let messages = QueuesRoutes.base + "/:queue/messages"
        routes.post(messages + "/pull") { request in
            let queue = try request.parameter("queue")
            // Flare's own, and in the query: official clients cannot send it by accident.
            let body = try await request.bytesWaitingForMessages(in: queue, of: queues)
            let pull = try QueueMessagesReader.pull(body)
            let pulled = try await queues.pull(
                queue,
                batchSize: pull.batchSize,
                visibilityMilliseconds: pull.visibilityMilliseconds
            )
            return .pulled(pulled)
        }
        routes.post(messages + "/ack") { request in
            let settlement = try QueueMessagesReader.settlement(try await request.bytes())
            let report = try await queues.settle(settlement, queue: request.parameter("queue"))
            return .settled(report)
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

extension APIRequest {
    /// The body of a pull, held back until its queue has a message to lease, at most as long as `wait_ms` says.
    func bytesWaitingForMessages(in queue: String, of queues: QueueService) async throws -> [UInt8] {
        let wait = try integerQuery("wait_ms", in: 0...Limits.pullWaitMillisecondsMax) ?? 0
        guard wait > 0 else { return try await bytes() }
        // A name that does not exist fails now, not after the wait.
        _ = try await queues.get(queue)
        let deadline = queues.now + .milliseconds(wait)
        return try await withBytesWhileConnected { bytes in
            try await queues.waitForMessages(in: queue, until: deadline)
            // Nothing is leased for a client that has gone.
            try Task.checkCancellation()
            return bytes
        }
    }
}

extension PurgeReport {
    var body: QueuePurgeBody {
        QueuePurgeBody(startedAt: startedAt, removedCount: removed)
    }
}

import FlareModel
import FlareQueues

/// Queues and their consumers, in the shapes of Cloudflare's API.
///
/// A queue is named by its id or its name.
struct QueuesRoutes {
    let queues: QueueService

    static let base = "/client/v4/accounts/:account/queues"

    func register(on routes: APIRoutes) {
        registerQueues(on: routes)
        registerConsumers(on: routes)
        QueueMessagesRoutes(queues: queues).register(on: routes)
        QueueCommandRoutes(queues: queues).register(on: routes)
        QueueShellRoutes(queues: queues).register(on: routes)
    }

    private func registerQueues(on routes: APIRoutes) {
        let base = Self.base
        routes.get(base) { request in
            let all = try await queues.list(names: request.queries("name"))
            // Official clients read the first page alone, so it holds every queue.
            let (page, _) = try request.page()
            let shown = page == 1 ? all.map(\.body) : []
            let info = ResultInfo(
                page: page,
                perPage: max(all.count, 20),
                count: shown.count,
                totalCount: all.count,
                totalPages: 1
            )
            return .result(shown, info: info)
        }
        routes.post(base) { request in
            let body = try await request.json(QueueRequest.self)
            guard let name = body.queueName else {
                throw FlareError(.invalidArgument, "the body lacks the field \"queue_name\"")
            }
            var settings = QueueSettings()
            body.settings?.apply(to: &settings)
            let made = settings
            return try await Self.settingsChecked { try await .result(queues.create(name, settings: made).body) }
        }
        routes.get(base + "/:queue") { request in
            .result(try await queues.get(request.parameter("queue")).body)
        }
        routes.delete(base + "/:queue") { request in
            try await queues.delete(request.parameter("queue"))
            return .empty()
        }
        routes.put(base + "/:queue") { request in
            let body = try await request.json(QueueRequest.self)
            return try await Self.settingsChecked {
                let info = try await queues.update(request.parameter("queue"), name: body.queueName) { settings in
                    settings = QueueSettings()
                    body.settings?.apply(to: &settings)
                }
                return .result(info.body)
            }
        }
        routes.patch(base + "/:queue") { request in
            let body = try await request.json(QueueRequest.self)
            return try await Self.settingsChecked {
                let info = try await queues.update(request.parameter("queue"), name: body.queueName) { settings in
                    body.settings?.apply(to: &settings)
                }
                return .result(info.body)
            }
        }
    }

    private func registerConsumers(on routes: APIRoutes) {
        let consumers = Self.base + "/:queue/consumers"
        routes.get(consumers) { request in
            .result(try await queues.get(request.parameter("queue")).body.consumers)
        }
        routes.post(consumers) { request in
            let consumer = try await request.json(QueueConsumerRequest.self).consumer()
            return try await Self.consumerChecked {
                try Self.consumer(of: await queues.createConsumer(consumer, queue: request.parameter("queue")))
            }
        }
        routes.get(consumers + "/:consumer") { request in
            let info = try await queues.get(request.parameter("queue"))
            return try Self.consumer(of: info, id: request.parameter("consumer"))
        }
        routes.put(consumers + "/:consumer") { request in
            let consumer = try await request.json(QueueConsumerRequest.self).consumer()
            let id = try request.parameter("consumer")
            return try await Self.consumerChecked {
                try Self.consumer(of: await queues.updateConsumer(id, queue: request.parameter("queue"), consumer))
            }
        }
        routes.delete(consumers + "/:consumer") { request in
            try await queues.deleteConsumer(request.parameter("consumer"), queue: request.parameter("queue"))
            return .empty()
        }
    }

    /// The number by which wrangler knows that the settings of a queue are to blame.
    private static func settingsChecked(_ verb: () async throws -> APIReply) async throws -> APIReply {
        try await NumberedError.numbering(100128, verb)
    }

    /// The number by which wrangler knows that the settings of a consumer are to blame.
    private static func consumerChecked(_ verb: () async throws -> APIReply) async throws -> APIReply {
        try await NumberedError.numbering(100127, verb)
    }

    private static func consumer(of info: QueueInfo, id: String? = nil) throws -> APIReply {
        guard let consumer = info.body.consumers.first, id == nil || consumer.consumerID == id else {
            throw FlareError(.consumerNotFound, "queue \"\(info.record.name)\" has no consumer \"\(id ?? "")\"")
        }
        return .result(consumer)
    }
}

extension QueueSettingsBody {
    /// Changes what the request names and leaves the rest.
    func apply(to settings: inout QueueSettings) {
        settings.deliveryDelaySeconds = deliveryDelay ?? settings.deliveryDelaySeconds
        settings.deliveryPaused = deliveryPaused ?? settings.deliveryPaused
        settings.retentionSeconds = messageRetentionPeriod ?? settings.retentionSeconds
    }
}

extension QueueConsumerRequest {
    /// The consumer that the request describes; throws `invalidArgument` for an unknown type or a missing target.
    func consumer() throws -> NewConsumer {
        func name(_ value: String?, _ field: String) throws -> String {
            guard let value, !value.isEmpty else {
                throw FlareError(.invalidArgument, "a consumer of type \"\(type)\" needs the field \"\(field)\"")
            }
            return value
        }
        let target: ConsumerTarget =
            switch type {
            case "worker": .worker(try name(scriptName, "script_name"))
            case "workflow": .workflow(try name(workflowName, "workflow_name"))
            case "http_pull": .httpPull
            default:
                throw FlareError(
                    .invalidArgument,
                    "\"\(type)\" is not a type of consumers",
                    hint: "use worker, workflow or http_pull"
                )
            }
        var result = ConsumerSettings()
        result.batchSize = settings?.batchSize ?? result.batchSize
        result.maxWaitMilliseconds = settings?.maxWaitTimeMs ?? result.maxWaitMilliseconds
        result.maxRetries = settings?.maxRetries ?? result.maxRetries
        result.maxConcurrency = settings?.maxConcurrency
        result.retryDelaySeconds = settings?.retryDelay ?? result.retryDelaySeconds
        result.visibilityMilliseconds = settings?.visibilityTimeoutMs ?? result.visibilityMilliseconds
        let deadLetters = deadLetterQueue.flatMap { $0.isEmpty ? nil : $0 }
        return NewConsumer(target: target, settings: result, deadLetterQueue: deadLetters)
    }
}

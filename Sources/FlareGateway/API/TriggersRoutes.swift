import FlareModel
import FlareQueues
import FlareWorkers
import FlareWorkflows
import ServiceLifecycle

/// What runs Workers and workflows by itself, for the command line: cron triggers and queues, their runs, backfills.
struct TriggersRoutes {
    let queues: QueueService
    let workers: WorkerService
    let workflows: WorkflowService

    private static let workflow = "/flare/v1/workflows/:workflow"
    private static let worker = "/flare/v1/workers/:name"

    func register(on routes: APIRoutes) {
        registerWorkflows(on: routes)
        registerWorkers(on: routes)
    }

    private func registerWorkflows(on routes: APIRoutes) {
        routes.get("/flare/v1/triggers/workflows") { _ in
            let consumers = try await queues.consumers(of: nil)
            let crons = try await workflows.workflowSchedules()
            let all = crons + consumers.map { $0.consumer.trigger(queue: $0.queue) }
            return .result(all.sorted { ($0.workflow ?? "") < ($1.workflow ?? "") })
        }
        routes.get(Self.workflow + "/triggers") { request in
            let name = try await workflows.get(request.parameter("workflow")).name
            return .result(try await triggers(of: .workflow(name), consumer: .workflow(name)))
        }
        routes.post(Self.workflow + "/triggers") { request in
            let name = try await workflows.triggered(request.parameter("workflow"))
            let body = try await request.json(TriggerRequest.self)
            switch (body.cron, body.queue) {
            case (let cron?, nil):
                return .result(
                    try await workflows.addSchedule(cron, of: .workflow(name), catchUp: body.catchUp ?? .none)
                )
            case (nil, let queue?):
                return .result(try await consume(queue, by: name, body))
            default:
                throw FlareError(.invalidArgument, "a trigger has one of the fields \"cron\" and \"queue\"")
            }
        }
        routes.delete(Self.workflow + "/triggers") { request in
            let name = try await workflows.get(request.parameter("workflow")).name
            if let cron = request.query("cron") {
                return .result(try await workflows.removeSchedule(cron, of: .workflow(name)))
            }
            guard let queue = request.query("queue") else {
                throw FlareError(.invalidArgument, "name the trigger with the query parameter \"cron\" or \"queue\"")
            }
            return .result(try await release(queue, from: name))
        }
        routes.get(Self.workflow + "/scheduled") { request in
            try await .result(runs(of: .workflow(request.parameter("workflow")), request))
        }
        routes.post(Self.workflow + "/backfill") { request in
            let name = try await workflows.triggered(request.parameter("workflow"))
            let body = try await request.json(BackfillRequest.self)
            return .result(try await workflows.backfill(.workflow(name), body))
        }
    }

    private func registerWorkers(on routes: APIRoutes) {
        routes.get("/flare/v1/triggers/workers") { _ in .result(try await workflows.workerSchedules()) }
        routes.get(Self.worker + "/triggers") { request in
            let name = try await workers.get(request.parameter("name")).name
            return .result(try await triggers(of: .worker(name), consumer: .worker(name)))
        }
        routes.post(Self.worker + "/triggers") { request in
            let name = try request.parameter("name")
            try await Self.requireHandler(of: name, workers)
            let body = try await request.json(TriggerRequest.self)
            guard let cron = body.cron else {
                throw FlareError(.invalidArgument, "the body lacks the field \"cron\"")
            }
            return .result(
                try await workflows.addSchedule(cron, of: .worker(name), catchUp: body.catchUp ?? .none)
            )
        }
        routes.delete(Self.worker + "/triggers") { request in
            let name = try await workers.get(request.parameter("name")).name
            guard let cron = request.query("cron") else {
                throw FlareError(.invalidArgument, "name the trigger with the query parameter \"cron\"")
            }
            return .result(try await workflows.removeSchedule(cron, of: .worker(name)))
        }
        routes.get(Self.worker + "/scheduled") { request in
            let name = try await workers.get(request.parameter("name")).name
            return try await .result(runs(of: .worker(name), request))
        }
        // Answers once the handler has ended.
        routes.post(Self.worker + "/scheduled") { request in
            let name = try request.parameter("name")
            try await Self.requireHandler(of: name, workers)
            let body = try await request.json(ScheduledCallRequest.self)
            return .result(
                try await cancelWhenGracefulShutdown { try await workflows.callScheduled(name, body) }
            )
        }
        routes.post(Self.worker + "/backfill") { request in
            let name = try request.parameter("name")
            try await Self.requireHandler(of: name, workers)
            let body = try await request.json(BackfillRequest.self)
            return .result(try await workflows.backfill(.worker(name), body))
        }
    }

    /// Throws when a Worker does not exist or has no `scheduled` handler.
    static func requireHandler(of name: String, _ workers: WorkerService) async throws {
        let worker = try await workers.get(name)
        guard !worker.handlers.contains("scheduled") else { return }
        let list = worker.handlers.isEmpty ? "none" : worker.handlers.joined(separator: ", ")
        throw FlareError(
            .invalidArgument,
            "the Worker \"\(name)\" has no scheduled() handler; its handlers: \(list)",
            hint: "export default { async scheduled(controller, env, ctx) { … } }"
        )
    }

    private func triggers(of target: ScheduleTarget, consumer: ConsumerTarget) async throws -> [TriggerBody] {
        let crons = try await workflows.schedules(of: target)
        return crons + (try await queues.consumers(of: consumer)).map { $0.consumer.trigger(queue: $0.queue) }
    }

    private func runs(of target: ScheduleTarget, _ request: APIRequest) async throws -> [ScheduledRunBody] {
        let limit = try request.integerQuery("limit", in: 1...Limits.scheduleRunsKept) ?? 20
        return try await workflows.scheduledRuns(of: target, limit: limit)
    }

    private func consume(_ queue: String, by workflow: String, _ body: TriggerRequest) async throws -> TriggerBody {
        let request = QueueConsumerRequest(
            type: "workflow",
            workflowName: workflow,
            deadLetterQueue: body.deadLetterQueue,
            settings: body.settings
        )
        let info = try await queues.createConsumer(request.consumer(), queue: queue)
        guard let consumer = info.consumer else {
            throw FlareError(.internalError, "queue \"\(queue)\" lost its consumer")
        }
        return consumer.trigger(queue: info.record.name)
    }

    private func release(_ queue: String, from workflow: String) async throws -> TriggerBody {
        let info = try await queues.get(queue)
        guard let consumer = info.consumer, consumer.target == .workflow(workflow) else {
            let now = info.consumer.map { "it is consumed by \($0.target)" } ?? "it has no consumer"
            throw FlareError(
                .consumerNotFound,
                "queue \"\(info.record.name)\" does not trigger workflow \"\(workflow)\"; \(now)",
                hint: "see: flare workflows triggers list \(workflow)"
            )
        }
        try await queues.deleteConsumer(consumer.id, queue: queue)
        return consumer.trigger(queue: info.record.name)
    }
}

extension ConsumerRecord {
    /// The consumer as a trigger of what it delivers to.
    fileprivate func trigger(queue: String) -> TriggerBody {
        let consumer = body(queueName: queue)
        var trigger = TriggerBody(type: "queue", source: source.rawValue, createdOn: createdAt)
        trigger.workflow = consumer.workflowName
        trigger.worker = consumer.scriptName
        trigger.queue = queue
        trigger.settings = consumer.settings
        trigger.deadLetterQueue = deadLetterQueue
        return trigger
    }
}

import FlareBuckets
import FlareModel
import FlarePipelines
import FlareQueues
import FlareStore
import FlareWorkers
import FlareWorkflows

/// What a deployed Worker means to the other rooms: its bindings, its consumers and its workflows.
struct Bindings: Sendable {
    let queues: QueueService
    let buckets: BucketService
    let pipelines: PipelineService
    let workflows: LateWorkflows
    let workers: LateWorkers

    var hooks: WorkerHooks {
        WorkerHooks(
            binding: { declaration, _ in binding(declaration) },
            register: { try register($0, in: $1) },
            unregister: { try unregister($0, in: $1) },
            versionsInUse: { try workflows.value.workerVersionsInUse($0, in: $1) },
            missing: { try missing($0, in: $1) },
            instancesByVersion: { try workflows.value.instancesByWorkerVersion($0, in: $1) },
            publish: { try queues.publish($0, at: $1, in: $2) }
        )
    }

    private func binding(_ declaration: BindingDeclaration) -> any Binding {
        switch declaration.kind {
        case .bucket: BucketBinding(service: buckets, bucket: declaration.target)
        case .queue: QueueBinding(service: queues, queue: declaration.target)
        case .workflow: WorkflowBinding(service: workflows.value, workflow: declaration.target)
        case .pipeline: PipelineBinding(pipelines: pipelines, pipeline: declaration.target)
        case .service: ServiceBinding(declaration) { [workers] in workers.value }
        }
    }

    /// Creates the buckets and queues that are missing, and sets the Worker's workflows and consumers; those of an
    /// earlier version that the new one does not have are removed.
    private func register(_ configuration: DeployedConfiguration, in transaction: Transaction) throws {
        let worker = configuration.worker
        try checkTransforms(of: worker, in: transaction)
        try queues.removeProducers(.worker, named: worker, in: transaction)
        for workflow in configuration.workflows {
            try workflows.value.define(
                workflow.name,
                worker: worker,
                workerVersion: configuration.version,
                className: workflow.className,
                settings: WorkflowSettings(steps: workflow.stepsMax),
                in: transaction
            )
        }
        for binding in configuration.bindings { try ensure(binding, of: worker, in: transaction) }
        if configuration.keepsTriggers != true { try setTriggers(configuration, in: transaction) }
    }

    private func setTriggers(_ configuration: DeployedConfiguration, in transaction: Transaction) throws {
        let worker = configuration.worker
        let targets = [ConsumerTarget.worker(worker)] + (try workflowTargets(of: worker, in: transaction))
        var kept: Set<String> = []
        for consumer in configuration.consumers {
            kept.insert(try queues.ensure(named: consumer.queue, in: transaction).id)
        }
        for target in targets {
            try queues.removeConsumers(of: target, setBy: .config, except: kept, in: transaction)
        }
        for consumer in configuration.consumers {
            try queues.setConsumer(consumer.newConsumer(of: worker), queue: consumer.queue, in: transaction)
        }
        try setSchedules(configuration, in: transaction)
        let rules = (configuration.notifications ?? []).map(\.rule)
        try buckets.setRules(rules, ofWorker: worker, in: transaction)
    }

    /// Sets the cron triggers that the configuration speaks of; those of a workflow that it no longer has are removed.
    private func setSchedules(_ configuration: DeployedConfiguration, in transaction: Transaction) throws {
        let (worker, workflows) = (configuration.worker, workflows.value)
        if let crons = configuration.crons {
            try workflows.setSchedules(crons, of: .worker(worker), in: transaction)
        }
        let declared = Dictionary(configuration.workflows.map { ($0.name, $0.schedules) }) { $1 }
        for name in try workflows.names(ofWorker: worker, in: transaction) {
            guard let schedules = declared[name] else {
                try workflows.setSchedules([], of: .workflow(name), in: transaction)
                continue
            }
            if let schedules { try workflows.setSchedules(schedules, of: .workflow(name), in: transaction) }
        }
    }

    private func unregister(_ configuration: DeployedConfiguration, in transaction: Transaction) throws {
        let worker = configuration.worker
        if let first = pipelines.transformed(byWorker: worker).first {
            throw FlareError(
                .inUse,
                "the Worker \"\(worker)\" transforms the batches of pipeline \"\(first.pipeline)\"",
                hint: "flare pipelines update \(first.pipeline) --transform \"\""
            )
        }
        for target in [.worker(worker)] + (try workflowTargets(of: worker, in: transaction)) {
            try queues.removeConsumers(of: target, in: transaction)
        }
        try queues.removeProducers(.worker, named: worker, in: transaction)
        try buckets.setRules([], ofWorker: worker, in: transaction)
        try workflows.value.removeSchedules(of: .worker(worker), in: transaction)
        for workflow in try workflows.value.names(ofWorker: worker, in: transaction) {
            try workflows.value.removeSchedules(of: .workflow(workflow), in: transaction)
        }
        for workflow in configuration.workflows { try workflows.value.release(workflow.name, in: transaction) }
    }

    /// Refuses a version that lacks what live pipelines call: their batches could not go on.
    private func checkTransforms(of worker: String, in transaction: Transaction) throws {
        for (pipeline, entrypoint) in pipelines.transformed(byWorker: worker) {
            do {
                _ = try WorkerService.checkTransform(worker: worker, entrypoint: entrypoint, in: transaction)
            } catch let error as FlareError {
                throw FlareError(
                    .inUse,
                    "pipeline \"\(pipeline)\" transforms its batches with this Worker: \(error.message)",
                    hint: "keep the export, or first: flare pipelines update \(pipeline) --transform \"\"",
                    cause: error
                )
            }
        }
    }

    /// What `register` would create.
    private func missing(
        _ configuration: DeployedConfiguration,
        in transaction: Transaction
    ) throws -> [DeploymentChangeBody] {
        let targets = { (kind: BindingDeclaration.Kind) in
            configuration.bindings.filter { $0.kind == kind }.map(\.target)
        }
        let consumed = configuration.consumers.flatMap { [$0.queue, $0.deadLetterQueue].compactMap { $0 } }
        let rules = configuration.notifications ?? []
        let queueNames = Set(targets(.queue) + consumed + rules.map(\.queue)).sorted()
        let bucketNames = Set(targets(.bucket) + rules.map(\.bucket)).sorted()
        return try bucketNames.filter { try !buckets.exists($0, in: transaction) }.map { .init(.create, "bucket", $0) }
            + queueNames.filter { try !queues.exists($0, in: transaction) }.map { .init(.create, "queue", $0) }
    }

    private func workflowTargets(of worker: String, in transaction: Transaction) throws -> [ConsumerTarget] {
        try workflows.value.names(ofWorker: worker, in: transaction).map { .workflow($0) }
    }

    /// As wrangler does at deploy: what can be created empty is created.
    ///
    /// Workflows and pipelines must exist.
    private func ensure(_ binding: BindingDeclaration, of worker: String, in transaction: Transaction) throws {
        switch binding.kind {
        case .bucket:
            try buckets.ensure(named: binding.target, in: transaction)
        case .queue:
            let queue = try queues.ensure(named: binding.target, in: transaction)
            try queues.addProducer(.worker, named: worker, queueID: queue.id, in: transaction)
        case .workflow:
            _ = try workflows.value.workflow(binding.target, in: transaction)
        case .pipeline:
            _ = try pipelines.stream(named: binding.target)
        case .service:
            try WorkerService.checkService(binding, in: transaction)
        }
    }
}

extension NotificationDeclaration {
    fileprivate var rule: DeclaredNotificationRule {
        DeclaredNotificationRule(
            bucket: bucket,
            queue: queue,
            rule: NotificationRule(prefix: prefix, suffix: suffix, actions: Set(actions)),
            description: description
        )
    }
}

extension ConsumerDeclaration {
    fileprivate func newConsumer(of worker: String) -> NewConsumer {
        var settings = ConsumerSettings()
        if let batchSizeMax { settings.batchSize = batchSizeMax }
        if let batchTimeoutMilliseconds { settings.maxWaitMilliseconds = batchTimeoutMilliseconds }
        if let retryMax { settings.maxRetries = retryMax }
        if let retryDelaySeconds { settings.retryDelaySeconds = retryDelaySeconds }
        settings.maxConcurrency = concurrencyMax
        return NewConsumer(
            target: workflow.map { .workflow($0) } ?? .worker(worker),
            settings: settings,
            deadLetterQueue: deadLetterQueue
        )
    }
}

package import FlareBuckets
package import FlareModel
package import FlarePipelines
package import FlareQueues
package import FlareStore
package import FlareWorkers
package import FlareWorkflows
import Hummingbird
package import Logging

/// The services whose verbs the control API offers.
package struct ControlServices: Sendable {
    let database: Database
    let tokens: TokenService
    let queues: QueueService
    let buckets: BucketService
    let keys: AccessKeyService
    let pipelines: PipelineService
    let workers: WorkerService
    let workflows: WorkflowService
    let tails: TailSessions

    package init(
        database: Database,
        tokens: TokenService,
        queues: QueueService,
        buckets: BucketService,
        keys: AccessKeyService,
        pipelines: PipelineService,
        workers: WorkerService,
        workflows: WorkflowService,
        tails: TailSessions
    ) {
        self.database = database
        self.tokens = tokens
        self.queues = queues
        self.buckets = buckets
        self.keys = keys
        self.pipelines = pipelines
        self.workers = workers
        self.workflows = workflows
        self.tails = tails
    }
}

/// The whole control API: REST v4 and `/flare/v1`, behind tokens on TCP, the same on every door.
package struct ControlAPI: Sendable {
    let responder: RouterResponder<APIContext>

    /// - Parameters:
    ///   - info: what the engine is, once it listens.
    ///   - endpoints: where a pipeline takes records, once the doors listen.
    ///   - s3URL: where S3 clients connect, once that door listens.
    ///   - tls: what the doors offer to clients that speak TLS.
    ///   - stop: asks the engine to stop gracefully; returns at once.
    package init(
        services: ControlServices,
        logger: Logger,
        info: @escaping @Sendable () -> EngineInfo,
        endpoints: @escaping @Sendable (String) -> [PipelineEndpoint],
        s3URL: @escaping @Sendable () -> String?,
        tls: TLSIdentity,
        stop: @escaping @Sendable () -> Void
    ) {
        let router = Router(context: APIContext.self)
        router.add(middleware: APIErrorMiddleware(logger: logger))
        // Before the tokens: these are what the Workers' own users call.
        router.add(middleware: WorkerRouteMiddleware(gateway: WorkerGateway(workers: services.workers, logger: logger)))
        router.add(middleware: APITokenMiddleware(tokens: services.tokens))
        let routes = APIRoutes(router: router)
        EngineRoutes(tokens: services.tokens, info: info, stop: stop, tls: tls).register(on: routes)
        QueuesRoutes(queues: services.queues).register(on: routes)
        BucketsRoutes(buckets: services.buckets).register(on: routes)
        ObjectsRoutes(buckets: services.buckets).register(on: routes)
        UploadsRoutes(buckets: services.buckets).register(on: routes)
        AccessKeysRoutes(keys: services.keys, buckets: services.buckets, s3URL: s3URL).register(on: routes)
        EnvironmentRoutes(tokens: services.tokens, keys: services.keys, info: info, s3URL: s3URL, tls: tls)
            .register(on: routes)
        NotificationsRoutes(buckets: services.buckets).register(on: routes)
        BucketRulesRoutes(buckets: services.buckets).register(on: routes)
        SubscriptionsRoutes(queues: services.queues).register(on: routes)
        PipelinesRoutes(pipelines: services.pipelines, endpoints: endpoints).register(on: routes)
        WorkersRoutes(workers: services.workers, tails: services.tails).register(on: routes)
        WorkflowsRoutes(workflows: services.workflows, workers: services.workers, database: services.database)
            .register(on: routes)
        TriggersRoutes(queues: services.queues, workers: services.workers, workflows: services.workflows)
            .register(on: routes)
        SchedulesRoutes(database: services.database, workers: services.workers, workflows: services.workflows)
            .register(on: routes)
        let collectors: [MetricsRoutes.Collector] = [
            PipelineMetricsReport(pipelines: services.pipelines).write,
            WorkflowMetricsReport(workflows: services.workflows).write,
        ]
        MetricsRoutes(collectors: collectors).register(on: routes)
        responder = router.buildResponder()
    }
}

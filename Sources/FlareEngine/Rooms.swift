import FlareBuckets
import FlareModel
import FlarePipelines
import FlareQueues
import FlareStore
import FlareWorkers
import FlareWorkflows
import FoundationEssentials
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The services of all rooms, joined.
///
/// The only two calls that go up are made here: a queue delivers a leased batch, and user code calls a binding.
struct Rooms: Sendable {
    let queues: QueueService
    let buckets: BucketService
    let keys: AccessKeyService
    let pipelines: PipelineService
    let workers: WorkerService
    let workflows: WorkflowService
    private let consoleLogger: Logger

    init(
        state: StateDirectory,
        database: Database,
        group: any EventLoopGroup,
        time: any TimeSource,
        logger: (String) -> Logger
    ) async throws {
        queues = QueueService(database: database, time: time, logger: logger("queues"))
        buckets = BucketService(
            database: database,
            objects: try FileObjectStore(directory: state.objects),
            queues: queues,
            time: time,
            logger: logger("buckets")
        )
        keys = AccessKeyService(database: database, time: time)
        // Transforms run in Workers, which call pipelines by their bindings.
        let lateWorkers = LateWorkers()
        pipelines = PipelineService(
            database: database,
            state: state,
            disk: PosixDisk(),
            buckets: buckets,
            hooks: lateWorkers.pipelineHooks,
            group: group,
            time: time,
            logger: logger("pipelines")
        )
        try await pipelines.open()
        // Workers call workflows and workflows run Workers: one of the two must be named before it exists.
        let late = LateWorkflows()
        let bindings = Bindings(
            queues: queues,
            buckets: buckets,
            pipelines: pipelines,
            workflows: late,
            workers: lateWorkers
        )
        workers = try WorkerService(
            state: state,
            database: database,
            time: time,
            logger: logger("workers"),
            group: group,
            settings: WorkerSettings(environment: ProcessInfo.processInfo.environment),
            hooks: bindings.hooks
        )
        lateWorkers.set(workers)
        workflows = WorkflowService(
            database: database,
            hooks: WorkflowHooks(
                invoke: { [workers] in try await workers.invoke($0) },
                acknowledge: { [queues] in try queues.acknowledge($0, in: $1) },
                removeConsumers: { [queues] in try queues.removeConsumers(of: .workflow($0), in: $1) },
                keepsVersion: { [workers] in try workers.keeps($1, of: $0, in: $2) },
                isHeard: { [queues] in queues.mayHear(.workflow) },
                publish: { [queues] in try queues.publish($0, at: $1, in: $2) }
            ),
            time: time,
            logger: logger("workflows")
        )
        late.set(workflows)
        consoleLogger = logger("workers")
    }

    /// The loops of the rooms, in the order in which they start; they stop in reverse.
    var services: [any Service] {
        let delivery = Delivery(workers: workers, workflows: workflows, logger: consoleLogger)
        return [
            buckets.sweeper, buckets.eventSweeper, buckets.lifecycleSweeper, workers, workflows.metricsSaver,
            workflows.service, workflows.scheduleLoop,
            queues.deliveryLoop { await delivery.deliver($0, $1) },
            pipelines.service,
        ]
    }
}

/// The room of Workers, for what is made before it and calls it after: pipelines, and the bindings of Workers.
final class LateWorkers: Sendable {
    private let service = Mutex<WorkerService?>(nil)

    func set(_ service: WorkerService) {
        self.service.withLock { $0 = service }
    }

    var pipelineHooks: PipelineHooks {
        PipelineHooks(
            invoke: { try await self.value.invoke($0) },
            checkTransform: { _ = try await self.value.checkTransform(worker: $0, entrypoint: $1) }
        )
    }

    var value: WorkerService {
        guard let service = service.withLock({ $0 }) else {
            preconditionFailure("a Worker was called before the engine was joined")
        }
        return service
    }
}

/// The room of workflows, for those that are made before it and call it after.
final class LateWorkflows: Sendable {
    private let service = Mutex<WorkflowService?>(nil)

    func set(_ service: WorkflowService) {
        self.service.withLock { $0 = service }
    }

    var value: WorkflowService {
        guard let service = service.withLock({ $0 }) else {
            preconditionFailure("a Worker called a workflow before the engine was joined")
        }
        return service
    }
}

package import FlareModel
package import FlareStore
import FoundationEssentials
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// Workers: deploying them, listing them, and running their code in Node.js processes.
///
/// `run` looks after the processes and must be running for idle ones to be stopped and stuck ones to be killed.
package final class WorkerService: Sendable {
    let state: StateDirectory
    let database: Database
    let time: any TimeSource
    let logger: Logger
    let settings: WorkerSettings
    let hooks: WorkerHooks
    let group: any EventLoopGroup
    let spawner = ChildSpawner()
    let toolbox: Toolbox
    let runtime: RuntimeFiles
    let register: ProcessRegister
    let calls = WorkerCalls()
    let fleet: RunnerFleet
    let starter: RunnerStarter
    /// Versions that are being deployed: their directories are not left over, although no row names them.
    let underway = Mutex<Set<VersionKey>>([])
    /// How often the secrets of each Worker were changed by this engine.
    let secretChanges = Mutex<[String: Int]>([:])
    /// Tells followers what each invocation did.
    package let traces: TraceHub

    /// Writes the runtime's files, and kills processes that an earlier engine of this state directory left over.
    package init(
        state: StateDirectory,
        database: Database,
        time: any TimeSource,
        logger: Logger,
        group: any EventLoopGroup,
        settings: WorkerSettings,
        hooks: WorkerHooks
    ) throws {
        self.state = state
        self.database = database
        self.time = time
        self.logger = logger
        self.group = group
        self.settings = settings
        self.hooks = hooks
        traces = TraceHub(time: time, logger: logger)
        runtime = try RuntimeFiles.install(under: state.runtime)
        do {
            try FileManager.default.createDirectory(atPath: state.workers, withIntermediateDirectories: true)
        } catch {
            throw FlareError(.storeFailed, "\(state.workers) cannot be created", cause: error)
        }
        toolbox = Toolbox(settings: settings, spawner: spawner, scratchDirectory: state.workers)
        register = ProcessRegister(directory: state.workers + "/.processes")
        let changed = Wake()
        let starter = RunnerStarter(
            versions: VersionDirectories(root: state.workers),
            database: database,
            time: time,
            logger: logger,
            settings: settings,
            binding: hooks.binding,
            group: group,
            spawner: spawner,
            toolbox: toolbox,
            runtime: runtime,
            register: register,
            changed: changed
        )
        self.starter = starter
        fleet = RunnerFleet(settings: settings, time: time, logger: logger, changed: changed) {
            try await starter.start($0)
        }
        let killed = register.killLeftovers()
        if !killed.isEmpty { logger.warning("killed processes left over", metadata: ["pids": "\(killed)"]) }
    }

    /// All Workers, by name.
    package func list() async throws -> [WorkerBody] {
        try await database.read { tx in try WorkerRecord.all(in: tx).map { try Self.body($0, in: tx) } }
    }

    /// One Worker with its processes; throws `workerNotFound` with the nearest name.
    package func get(_ name: String) async throws -> WorkerBody {
        let hooks = hooks
        var body = try await database.read { tx in
            let instances = try hooks.instancesByVersion(name, tx)
            return try Self.body(WorkerRecord.named(name, in: tx), instances: instances, in: tx)
        }
        body.host = try await host(of: VersionKey(worker: name, version: body.version))
        return body
    }

    /// Deletes a Worker with its consumers and workflows.
    ///
    /// Throws `inUse` while unfinished instances need it.
    package func delete(_ name: String) async throws {
        let (hooks, now) = (hooks, time.now())
        try await database.write { tx in
            let record = try WorkerRecord.named(name, in: tx)
            let versions = try VersionRecord.all(of: name, in: tx).map(\.version)
            try Self.checkUnbound(name, in: tx)
            guard try hooks.versionsInUse(name, tx).isEmpty else {
                throw FlareError(
                    .inUse,
                    "the Worker \"\(name)\" is needed by unfinished workflow instances",
                    hint: "wait for their end, or: flare workflows terminate NAME --all; see: flare workflows list"
                )
            }
            let key = VersionKey(worker: name, version: record.currentVersion)
            if let version = try VersionRecord.find(key, in: tx) {
                try hooks.unregister(version.details.configuration, tx)
            }
            try WorkerRecord.delete(name, in: tx)
            try SecretRecord.deleteAll(of: name, in: tx)
            try WorkerEvents(worker: name, publish: hooks.publish, now: now, transaction: tx)
                .deleted(current: record.currentVersion, versions: versions)
        }
        await fleet.retireVersions(of: name, except: nil)
        try await removeUnkeptDirectories()
    }

    /// The version that new work of a Worker starts on; throws `workerNotFound`.
    package func currentVersion(of worker: String, in tx: Transaction) throws -> String {
        try WorkerRecord.named(worker, in: tx).currentVersion
    }

    /// Calls a Worker's code and waits for its end.
    ///
    /// Throws `runFailed` with a `JavaScriptError` as its cause when user code threw; `engineUnavailable` when the
    /// process died, so that what the invocation did is unknown; `deadlineExceeded` when it was killed for taking too
    /// long; `workerNotFound`; `buildFailed` when the bundle does not start. When the calling task is cancelled, the
    /// process forgets the invocation and `CancellationError` is thrown.
    package func invoke(_ invocation: Invocation) async throws -> InvocationResult {
        let key = try await key(of: invocation)
        return try await traces.observing(invocation, version: key.version) { try await call($0, key) }
    }

    private func call(_ invocation: Invocation, _ key: VersionKey) async throws -> InvocationResult {
        var (attempts, disturbances) = (0, 0)
        while true {
            let runner = try await fleet.runner(for: key, processesMax: invocation.processesMax)
            do {
                return try await runner.invoke(invocation)
            } catch is RunnerRefusal where attempts < 3 {
                // It ended between the look-up and the call: nothing was begun, so another process may take it.
                attempts += 1
            } catch let refusal as RunnerRefusal {
                throw refusal.reason
            } catch let error as FlareError
                where error.cause is BystanderLost && invocation.kind == .queue
                && disturbances < Limits.workerDisturbancesMax
            {
                // Messages are delivered at least once, and this loss is not theirs to be counted.
                disturbances += 1
            }
        }
    }

    func keptConcurrency(of worker: String) async throws -> WorkerConcurrency? {
        try await database.read { tx in
            guard let record = try WorkerRecord.all(in: tx).first(where: { $0.name == worker }) else { return nil }
            let key = VersionKey(worker: worker, version: record.currentVersion)
            return try VersionRecord.find(key, in: tx)?.details.concurrency
        }
    }

    private func key(of invocation: Invocation) async throws -> VersionKey {
        if let version = invocation.version { return VersionKey(worker: invocation.worker, version: version) }
        let worker = invocation.worker
        return try await database.read { tx in
            VersionKey(worker: worker, version: try WorkerRecord.named(worker, in: tx).currentVersion)
        }
    }

    /// Removes the bundles that no row names: of replaced versions, and of deploys that were cut off.
    func removeUnkeptDirectories() async throws {
        // In this order: a deploy that is over by the second look has its row by the third.
        let found = starter.versions.all()
        let underway = underway.withLock { $0 }
        let kept = try await database.read { tx in Set(try VersionRecord.keys(in: tx)) }
        for key in found.subtracting(underway).subtracting(kept) { starter.versions.remove(key) }
    }

    /// - Parameter instances: unfinished ones by version; nil when they were not counted.
    static func body(
        _ record: WorkerRecord,
        instances: [String: Int]? = nil,
        in tx: Transaction
    ) throws -> WorkerBody {
        let versions = try VersionRecord.all(of: record.name, in: tx)
        guard let current = versions.first(where: { $0.version == record.currentVersion }) else {
            throw FlareError(.corruptStore, "the current version of the Worker \"\(record.name)\" is missing")
        }
        let configuration = current.details.configuration
        var body = WorkerBody(
            name: record.name,
            version: record.currentVersion,
            createdOn: record.createdAt,
            modifiedOn: record.updatedAt,
            compatibilityDate: current.details.compatibilityDate,
            bindings: configuration.bindings.map {
                .init(name: $0.name, kind: $0.kind.rawValue, target: $0.target, entrypoint: $0.entrypoint)
            },
            consumers: configuration.consumers.map { .init(queue: $0.queue, workflow: $0.workflow) },
            workflows: configuration.workflows.map {
                .init(name: $0.name, className: $0.className, schedules: $0.schedules)
            },
            handlers: current.details.exports.handlers,
            vars: current.details.vars.keys.sorted(),
            secrets: try SecretRecord.all(of: record.name, in: tx).map(\.name),
            versions: versions.map { version in
                WorkerVersionBody(
                    id: version.version,
                    createdOn: version.createdAt,
                    message: version.message,
                    tag: version.tag,
                    isCurrent: version.version == record.currentVersion,
                    instances: instances.map { $0[version.version] ?? 0 }
                )
            }
        )
        body.localSecrets = current.details.localSecrets?.keys.sorted()
        body.crons = configuration.crons
        return body
    }
}

extension WorkerService: Service {
    /// Looks after the processes until a graceful shutdown or cancellation; then ends them all.
    package func run() async throws {
        let (fleet, time) = (fleet, time)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let next = await fleet.tend()
                await fleet.changed.wait(until: next, time: time)
            }
        }
        await stop()
    }

    /// Ends all processes, those with invocations after a short time to finish.
    ///
    /// Nothing can be invoked afterwards.
    package func stop() async {
        await fleet.stop()
        await calls.stop()
        await spawner.stop()
    }
}

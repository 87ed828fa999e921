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
    private let underway = Mutex<Set<VersionKey>>([])

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

    /// Bundles a project, tries it, and makes it the current version of its Worker.
    ///
    /// Nothing changes unless all of it works: rows, consumers and workflows are written in one transaction, after a
    /// process has started with the new bundle. Running invocations finish on the version that they began with.
    ///
    /// `concurrency` is kept for later deploys that say nothing of it.
    package func deploy(directory: String, concurrency: WorkerConcurrency? = nil) async throws -> DeploymentBody {
        let configuration = try WranglerConfiguration(WranglerFile.load(from: directory))
        // Deploys of one Worker at the same time never share a directory: each has a version of its own.
        let key = VersionKey(worker: configuration.name, version: Identifier.uuid())
        underway.withLock { _ = $0.insert(key) }
        defer { underway.withLock { _ = $0.remove(key) } }
        let kept = concurrency == nil ? try await keptConcurrency(of: key.worker) : concurrency
        let plan = Deployment.Plan(configuration: configuration, key: key, project: directory, concurrency: kept)
        let deployment = try await Deployment.prepare(plan, service: self, starter: starter)
        let body: WorkerBody
        do {
            body = try await commit(deployment)
        } catch {
            await deployment.runner.stop()
            starter.versions.remove(key)
            throw error
        }
        await fleet.adopt(deployment.runner, as: key)
        await fleet.retireVersions(of: key.worker, except: key.version)
        try await removeUnkeptDirectories()
        logger.info("deployed a Worker", metadata: ["worker": "\(key.worker)", "version": "\(key.version)"])
        return DeploymentBody(
            worker: body,
            main: deployment.configuration.main,
            sourceFiles: deployment.bundle.sourceFiles,
            bundleBytes: deployment.bundle.bytes,
            esbuild: deployment.bundle.esbuild,
            warnings: deployment.configuration.warnings
        )
    }

    /// All Workers, by name.
    package func list() async throws -> [WorkerBody] {
        try await database.read { tx in try WorkerRecord.all(in: tx).map { try Self.body($0, in: tx) } }
    }

    /// One Worker with its processes; throws `workerNotFound` with the nearest name.
    package func get(_ name: String) async throws -> WorkerBody {
        var body = try await database.read { tx in try Self.body(WorkerRecord.named(name, in: tx), in: tx) }
        body.host = try await host(of: VersionKey(worker: name, version: body.version))
        return body
    }

    /// Deletes a Worker with its consumers and workflows.
    ///
    /// Throws `inUse` while unfinished instances need it.
    package func delete(_ name: String) async throws {
        let hooks = hooks
        try await database.write { tx in
            let record = try WorkerRecord.named(name, in: tx)
            try Self.checkUnbound(name, in: tx)
            guard try hooks.versionsInUse(name, tx).isEmpty else {
                throw FlareError(
                    .inUse,
                    "the Worker \"\(name)\" is needed by unfinished workflow instances",
                    hint: "terminate them first, or wait for their end"
                )
            }
            let key = VersionKey(worker: name, version: record.currentVersion)
            if let version = try VersionRecord.find(key, in: tx) {
                try hooks.unregister(version.details.configuration, tx)
            }
            try WorkerRecord.delete(name, in: tx)
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

    private func keptConcurrency(of worker: String) async throws -> WorkerConcurrency? {
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

    private func commit(_ deployment: Deployment) async throws -> WorkerBody {
        let (hooks, now, details) = (hooks, time.now(), deployment.details)
        let key = deployment.key
        return try await database.write { tx in
            try WorkerRecord.setCurrent(key.version, of: key.worker, at: now, in: tx)
            try VersionRecord.insert(details, at: now, in: tx)
            try hooks.register(details.configuration, tx)
            let needed = try hooks.versionsInUse(key.worker, tx)
            for old in try VersionRecord.all(of: key.worker, in: tx).dropFirst(Limits.workerVersionsKept)
            where !needed.contains(old.version) && old.version != key.version {
                try VersionRecord.delete(old.version, of: key.worker, in: tx)
            }
            return try Self.body(WorkerRecord.named(key.worker, in: tx), in: tx)
        }
    }

    private func removeUnkeptDirectories() async throws {
        let kept = try await database.read { tx in Set(try VersionRecord.keys(in: tx)) }
        starter.versions.removeAll(except: kept.union(underway.withLock { $0 }))
    }

    private static func body(_ record: WorkerRecord, in tx: Transaction) throws -> WorkerBody {
        let versions = try VersionRecord.all(of: record.name, in: tx)
        guard let current = versions.first(where: { $0.version == record.currentVersion }) else {
            throw FlareError(.corruptStore, "the current version of the Worker \"\(record.name)\" is missing")
        }
        let configuration = current.details.configuration
        return WorkerBody(
            name: record.name,
            version: record.currentVersion,
            createdOn: record.createdAt,
            modifiedOn: record.updatedAt,
            compatibilityDate: current.details.compatibilityDate,
            bindings: configuration.bindings.map { .init(name: $0.name, kind: $0.kind.rawValue, target: $0.target) },
            consumers: configuration.consumers.map { .init(queue: $0.queue, workflow: $0.workflow) },
            workflows: configuration.workflows.map { .init(name: $0.name, className: $0.className) },
            handlers: current.details.exports.handlers,
            versions: versions.map { .init(id: $0.version, createdOn: $0.createdAt) }
        )
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

import FlareModel

/// A deploy up to the point where it can become current: bundled, and tried in a process of its own.
struct Deployment: Sendable {
    let plan: Plan
    let bundle: Bundler.Bundle
    let details: VersionDetails
    /// Runs the new bundle already.
    let runner: Runner
    /// From the start of its process until it was ready.
    let startupMilliseconds: Int

    var key: VersionKey { plan.key }

    /// What is to be deployed, and as which version.
    struct Plan: Sendable {
        var configuration: WranglerConfiguration
        var key: VersionKey
        /// The directory of the wrangler file; that of the modules of an upload.
        var project: String
        var source = Source.project
        /// The version whose code or settings this one takes over; it must still be current when this one becomes so.
        var base: String?
        /// Processes under load, as the person who deploys wants it or has wanted it before; nil for no such wish.
        var concurrency: WorkerConcurrency?
        /// What `.dev.vars` holds; nil unless `flare dev` deploys.
        var localSecrets: [String: String]?
        /// The stored secrets, which the trial sees as later processes will.
        var secrets: [String: String]
        var message: String?
        var tag: String?
        /// Secrets that came with an upload.
        var uploadedSecrets: [String: String]?

        /// Where the code comes from.
        enum Source: Sendable {
            case project
            case upload(ScriptModules)
            /// The code of another version of the same Worker, and the modules that were uploaded for it.
            case version(VersionKey, ScriptModules.Manifest?)
        }

        /// What is known before the bundle is made.
        var details: VersionDetails {
            VersionDetails(
                configuration: DeployedConfiguration(
                    worker: key.worker,
                    version: key.version,
                    bindings: configuration.bindings,
                    consumers: configuration.consumers,
                    workflows: configuration.workflows,
                    crons: configuration.crons,
                    notifications: configuration.notifications,
                    limits: limits,
                    keepsTriggers: isProject ? nil : true
                ),
                vars: configuration.vars,
                compatibilityDate: configuration.compatibilityDate,
                compatibilityFlags: configuration.compatibilityFlags,
                exports: ExportedNames(json: .null),
                concurrency: concurrency,
                requiredSecrets: configuration.requiredSecrets.isEmpty ? nil : configuration.requiredSecrets,
                localSecrets: localSecrets,
                upload: manifest,
                uploadedSecrets: uploadedSecrets,
                versionMetadata: configuration.versionMetadata
            )
        }
    }

    /// Bundles and starts.
    ///
    /// When this throws, no file and no process is left.
    static func prepare(
        _ plan: Plan,
        service: WorkerService,
        starter: RunnerStarter
    ) async throws -> Deployment {
        try starter.versions.create(plan.key)
        do {
            return try await build(plan, service: service, starter: starter)
        } catch {
            starter.versions.remove(plan.key)
            throw error
        }
    }

    private static func build(
        _ plan: Plan,
        service: WorkerService,
        starter: RunnerStarter
    ) async throws -> Deployment {
        let (configuration, key) = (plan.configuration, plan.key)
        let bundler = Bundler(
            toolbox: service.toolbox,
            spawner: service.spawner,
            runtime: service.runtime,
            settings: service.settings
        )
        let bundle = try await bundle(plan, with: bundler, versions: starter.versions)
        if let exported = bundle.exports { try checkClasses(configuration.workflows, exported: exported) }
        try starter.versions.sync(key)
        var details = plan.details
        let variables = details.variables(secrets: plan.secrets)
        let clock = ContinuousClock.now
        let (runner, exports) = try await starter.start(details.configuration, vars: variables)
        let startup = clock.duration(to: .now)
        do {
            let exports = ExportedNames(json: exports)
            try exports.checkHandlers(configuration.consumers)
            try exports.checkScheduled(configuration.crons)
            details.configuration.workflows = try configuration.workflows.map {
                var workflow = $0
                workflow.className = try exports.exportName(ofWorkflow: $0)
                return workflow
            }
            details.exports = exports
            return Deployment(
                plan: plan,
                bundle: bundle,
                details: details,
                runner: runner,
                startupMilliseconds: Int(startup.milliseconds)
            )
        } catch {
            await runner.stop()
            throw error
        }
    }

    private static func bundle(
        _ plan: Plan,
        with bundler: Bundler,
        versions: VersionDirectories
    ) async throws -> Bundler.Bundle {
        let directory = versions.path(plan.key)
        switch plan.source {
        case .project:
            return try await bundler.bundle(
                main: plan.configuration.main,
                project: plan.project,
                build: plan.configuration.build,
                into: directory
            )
        case .upload(let modules):
            let source = "\(versions.realPath(plan.key))/\(ScriptModules.directory)"
            return try await bundler.bundle(modules, in: source, build: plan.configuration.build, into: directory)
        case .version(let key, _):
            return Bundler.Bundle(sourceFiles: 1, bytes: try versions.copy(key, to: plan.key), inputs: [], esbuild: "")
        }
    }

    /// A first look, before any process is started.
    ///
    /// A default export may be a class of that name, which only the process can tell.
    private static func checkClasses(_ workflows: [WorkflowDeclaration], exported: [String]) throws {
        for workflow in workflows where !exported.contains(workflow.className) && !exported.contains("default") {
            throw ExportedNames.missingClass(workflow.className, workflow: workflow.name, exported: exported)
        }
    }
}

extension Deployment.Plan {
    /// Puts the version's own id, tag and time where its code looks for them.
    mutating func tellVersion(at now: Timestamp) {
        guard let name = configuration.versionMetadata else { return }
        configuration.vars[name] = .object([
            "id": .string(key.version), "tag": .string(tag ?? ""), "timestamp": .string(now.text),
        ])
    }

    private var isProject: Bool {
        guard case .project = source else { return false }
        return true
    }

    private var manifest: ScriptModules.Manifest? {
        switch source {
        case .project: nil
        case .upload(let modules): modules.manifest
        case .version(_, let manifest): manifest
        }
    }

    /// The limits of the configuration, with the wish of whoever deploys above them.
    fileprivate var limits: WorkerLimits? {
        guard let concurrency else { return configuration.limits }
        var limits = configuration.limits ?? WorkerLimits()
        limits.concurrency = concurrency.processes
        return limits
    }
}

import FlareModel
import FlareStore
import Logging
import NIOCore

/// Starts processes: of a deployed version, or of one that a deploy tries.
struct RunnerStarter: Sendable {
    let versions: VersionDirectories
    let database: Database
    let time: any TimeSource
    let logger: Logger
    let settings: WorkerSettings
    let binding: @Sendable (BindingDeclaration, String) throws -> any Binding
    let group: any EventLoopGroup
    let spawner: ChildSpawner
    let toolbox: Toolbox
    let runtime: RuntimeFiles
    let register: ProcessRegister
    /// Told when a process must be looked at soon.
    let changed: Wake

    /// Starts a deployed version.
    ///
    /// One that is to be debugged gets no permission flags, which forbid the inspector.
    func start(_ key: VersionKey, isInspected: Bool = false) async throws -> Runner {
        let found = try await database.read { tx in
            (try VersionRecord.find(key, in: tx), try SecretRecord.values(of: key.worker, in: tx))
        }
        guard let version = found.0 else {
            throw FlareError(
                .workerNotFound,
                "the version \(key.version) of the Worker \"\(key.worker)\" is not kept any more"
            )
        }
        let variables = version.details.variables(secrets: found.1)
        return try await start(version.details.configuration, vars: variables, isInspected: isInspected).runner
    }

    /// Starts a version whose bundle lies in its directory.
    ///
    /// Returns what the bundle exports, too.
    func start(
        _ configuration: DeployedConfiguration,
        vars: [String: JSONValue],
        isInspected: Bool = false
    ) async throws -> (runner: Runner, exports: JSONValue) {
        let key = VersionKey(worker: configuration.worker, version: configuration.version)
        let directory = versions.realPath(key)
        var bindings: [String: any Binding] = [:]
        for declaration in configuration.bindings {
            bindings[declaration.name] = try binding(declaration, configuration.worker)
        }
        let own = BindingDeclaration(name: Runner.loopbackBinding, kind: .service, target: configuration.worker)
        if var loopback = try binding(own, configuration.worker) as? ServiceBinding {
            loopback.version = configuration.version
            bindings[own.name] = loopback
        }
        let node = try await toolbox.node()
        let limits = RunnerLimits(configuration, settings: settings)
        let flags = isInspected ? [] : node.arguments(readable: [runtime.directory, directory])
        let command = ChildSpawner.Command(
            path: node.path,
            arguments: flags + [runtime.main],
            // Nothing of the engine's environment reaches user code.
            environment: ["PATH": settings.searchPath],
            directory: directory,
            dataBytesMax: limits.dataBytesMax
        )
        let hello: [String: JSONValue] = [
            "proto": .integer(1),
            "worker": .string(configuration.worker),
            "version": .string(configuration.version),
            "bundle": .string("\(directory)/index.mjs"),
            "vars": .object(vars),
            "bindings": .array(configuration.bindings.map(Self.json)),
            "limits": .object([
                "stepValueBytesMax": .integer(Int64(Limits.workflowValueBytesMax)),
                "stepStreamBytesMax": .integer(Int64(Limits.workflowStreamBytesMax)),
                "stepChunkBytesMax": .integer(Int64(Limits.workflowChunkBytesMax)),
                "stepDelayMilliseconds": .integer(Int64(Limits.workflowDelayFunctionMilliseconds)),
                "frameBytesMax": .integer(Int64(Limits.frameBytesMax)),
                "memoryBytesMax": .integer(Int64(clamping: limits.memoryBytes)),
                "consoleLineBytesMax": .integer(Int64(Limits.consoleLineBytesMax)),
            ]),
        ]
        let plan = Runner.Plan(
            command: command,
            hello: RunnerFrame("hello", hello),
            bindings: bindings,
            startTimeout: settings.startTimeout,
            limits: limits,
            changed: changed,
            isInspected: isInspected
        )
        return try await Runner.start(
            worker: configuration.worker,
            plan: plan,
            spawner: spawner,
            register: register,
            group: group,
            time: time,
            logger: logger
        )
    }

    private static func json(_ declaration: BindingDeclaration) -> JSONValue {
        .object([
            "name": .string(declaration.name), "kind": .string(declaration.kind.rawValue),
            "target": .string(declaration.target),
        ])
    }
}

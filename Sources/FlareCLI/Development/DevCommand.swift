import ArgumentParser
import FlareClient
import FlareModel
import Synchronization

/// The command `flare dev [DIR]`.
struct DevCommand: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a Worker project, deploy it again on each change, and show what it does.",
        discussion: """
            Watches the sources, the wrangler file and .dev.vars. When a build fails, the version before goes on and \
            the error is shown. Secrets are read from .dev.vars or .env and are part of the versions deployed so. \
            Ctrl-C ends the watching; the Worker stays deployed. With --json, stdout has one line of JSON for each \
            deploy ({"deployment": …}), each failed one ({"error": …}) and each call.
            """
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: DeployOptions

    @Argument(help: "The project's directory.", completion: .directory)
    var directory: String = "."

    @Option(help: "The port of the engine's routes, when dev starts the engine.")
    var port: Int?

    func validate() throws {
        if let port, !(1...65_535).contains(port) { throw ValidationError("a port is a number from 1 to 65535") }
    }

    func execute(_ shell: Shell) async throws {
        _ = try await shell.client(extraArguments: port.map { ["--control-port", "\($0)"] } ?? [])
        if let port, let info = shell.launcher.recordedInfo(), info.controlPort != port {
            throw FlareError(
                .inUse,
                "the engine runs already, on port \(info.controlPort)",
                hint: "leave --port out, or run: flare engine restart --control-port \(port)"
            )
        }
        var body = options.body(directory, shell)
        body.isDevelopment = true
        let name = CurrentName()
        let loop = DevelopmentLoop(shell: shell, body: body) { name.set($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await loop.run() }
            group.addTask { try await Self.follow(name, shell) }
            // Both go on until they are cancelled, or one cannot.
            try await group.next()
        }
    }

    /// Shows what the Worker does, from before its first deploy on, whatever the file calls it by then.
    private static func follow(_ name: CurrentName, _ shell: Shell) async throws {
        let output = TailOutput(shell: shell, isPretty: !shell.json)
        try await EngineFollow(shell: shell, path: WorkerPath.tail, query: []).run { line in
            let event = try? FlareJSON.decode(TraceBody.self, from: line)
            if event == nil || name.isOf(event?.scriptName) { try output.write(line) }
        }
    }
}

/// The name of the Worker that was deployed last.
private final class CurrentName: Sendable {
    private let name = Mutex<String?>(nil)

    func set(_ value: String) { name.withLock { $0 = value } }

    func isOf(_ value: String?) -> Bool { name.withLock { $0 == value } }
}

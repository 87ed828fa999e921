import ArgumentParser
import FlareClient
import FlareModel

/// The command `flare deploy [DIR]`.
struct DeployCommand: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Bundle a Worker project and run it.",
        discussion: """
            Reads wrangler.json, wrangler.jsonc or wrangler.toml in DIR, bundles the entry file with esbuild, starts \
            it once to see that it works, and makes it the current version. Buckets and queues that it names are \
            created when they are missing.
            """
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: DeployOptions

    @Argument(help: "The project's directory.", completion: .directory)
    var directory: String = "."

    @Option(help: "Processes under load: auto, for the number of cores, or a number. Kept for later deploys.")
    var concurrency: String?

    @Option(help: "What this version is about, for the list of versions.")
    var message: String?

    @Option(help: "A short name for this version, by which rollback finds it.")
    var tag: String?

    @Flag(help: "Bundle and check, and tell what would change; change nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Write a copy of the bundle into a directory.", valueName: "dir"),
        completion: .directory
    )
    var outdir: String?

    func execute(_ shell: Shell) async throws {
        var body = options.body(directory, shell)
        (body.message, body.tag, body.isDryRun) = (message, tag, dryRun)
        body.outdir = outdir.map(DeployOptions.absolute)
        body.concurrency = try concurrency.map { try WorkerConcurrency($0) }
        let client = try await shell.client()
        let deployment = try await client.call("POST", WorkerPath.deployments, body: body, as: DeploymentBody.self)
        for warning in deployment.warnings { shell.warn(warning) }
        let port = shell.launcher.recordedInfo()?.controlPort
        shell.emit(deployment) { DeploymentText.of(deployment, controlPort: port) }
    }
}

/// What a deploy did, or would do, for people.
enum DeploymentText {
    /// With the engine's port, the addresses of a Worker that answers requests are told, too.
    static func of(_ deployment: DeploymentBody, controlPort: Int?) -> String {
        let worker = deployment.worker
        let files = "\(deployment.sourceFiles) \(deployment.sourceFiles == 1 ? "file" : "files")"
        let size = formatSizeBytes(deployment.bundleBytes)
        let bundle = "bundled    \(deployment.main) and what it imports: \(files), \(size)"
        if deployment.isDryRun {
            let head = ["dry run: nothing was changed", "worker     \(worker.name)", bundle]
            return (head + changes(deployment)).joined(separator: "\n")
        }
        var lines = ["deployed \(worker.name)", "version    \(worker.version)", bundle] + WorkerText.lines(worker)
        lines += notifications(deployment)
        if let controlPort, worker.handlers.contains("fetch") {
            lines.append("serves     http://127.0.0.1:\(controlPort)/workers/\(worker.name)/")
            lines.append("serves     http://\(worker.name).localhost:\(controlPort)/")
        }
        if let workflow = worker.workflows.first {
            lines.append("next: flare workflows run \(workflow.name)")
        }
        return lines.joined(separator: "\n")
    }

    /// The rules that it has set or taken back, which stand in a bucket and not in the Worker.
    private static func notifications(_ deployment: DeploymentBody) -> [String] {
        deployment.changes.filter { $0.kind == "notification" }.map { change in
            let label = change.action == .remove ? "removed    notification" : "notify    "
            return "\(label) \(change.name)\(change.detail.map { "  \($0)" } ?? "")"
        }
    }

    private static func changes(_ deployment: DeploymentBody) -> [String] {
        guard !deployment.changes.isEmpty else { return ["would change nothing but the code"] }
        return deployment.changes.map { change in
            let verb = "would \(change.action.rawValue)".padded(to: 14)
            return "\(verb) \(change.kind) \(change.name)\(change.detail.map { "  \($0)" } ?? "")"
        }
    }
}

extension String {
    /// With blanks at its end, up to a width.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

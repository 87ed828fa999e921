import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

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

    @Argument(help: "The project's directory.", completion: .directory)
    var directory: String = "."

    @Option(help: "Processes under load: auto, for the number of cores, or a number. Kept for later deploys.")
    var concurrency: String?

    func execute(_ shell: Shell) async throws {
        let here = FileManager.default.currentDirectoryPath
        let path = directory.hasPrefix("/") ? directory : "\(here)/\(directory)"
        let body = DeployBody(
            directory: URL(filePath: path).standardized.path,
            concurrency: try concurrency.map { try WorkerConcurrency($0) }
        )
        let client = try await shell.client()
        let deployment = try await client.call("POST", WorkerPath.deployments, body: body, as: DeploymentBody.self)
        for warning in deployment.warnings { shell.warn(warning) }
        shell.emit(deployment) { text(deployment) }
    }

    private func text(_ deployment: DeploymentBody) -> String {
        let worker = deployment.worker
        let files = "\(deployment.sourceFiles) \(deployment.sourceFiles == 1 ? "file" : "files")"
        let size = formatSizeBytes(deployment.bundleBytes)
        let bundle = "bundled    \(deployment.main) and what it imports: \(files), \(size)"
        var lines = ["deployed \(worker.name)", "version    \(worker.version)", bundle] + WorkerText.lines(worker)
        if let workflow = worker.workflows.first {
            lines.append("next: flare workflows run \(workflow.name)")
        }
        return lines.joined(separator: "\n")
    }
}

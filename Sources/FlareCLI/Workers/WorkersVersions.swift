import ArgumentParser
import FlareClient
import FlareModel

struct WorkersVersions: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the kept versions of a Worker, newest first.",
        discussion: """
            The newest three are kept, the current one, and those on which unfinished workflow instances end.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    func execute(_ shell: Shell) async throws {
        let worker = try await shell.client().call("GET", WorkerPath.worker(name), as: WorkerBody.self)
        shell.list(worker.versions, ["ID", "CREATED", "CURRENT", "INSTANCES", "TAG", "MESSAGE"]) { version in
            [
                version.id, version.createdOn.text, version.isCurrent ? "yes" : "", "\(version.instances ?? 0)",
                version.tag ?? "", version.message ?? "",
            ]
        }
    }
}

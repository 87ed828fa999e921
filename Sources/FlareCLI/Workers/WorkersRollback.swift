import ArgumentParser
import FlareClient
import FlareModel

struct WorkersRollback: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make an earlier version of a Worker current again.",
        discussion: """
            Its consumers, workflows and bindings become those of that version, at once with its code. What runs ends \
            on the version that it began with. Secrets, and what is stored, stay as they are.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Argument(
        help: "The version: its id, the beginning of it, or its tag. Default: the one before the current one.",
        completion: Complete.versions
    )
    var version: String?

    func execute(_ shell: Shell) async throws {
        let result = try await shell.client().call(
            "POST",
            WorkerPath.own(name, "rollback"),
            body: RollbackBody(version: version),
            as: RolledBackBody.self
        )
        shell.emit(result) {
            let worker = result.worker
            let facts = ["rolled back \(worker.name)", "version    \(worker.version)", "before     \(result.previous)"]
            return (facts + WorkerText.lines(worker)).joined(separator: "\n")
        }
    }
}

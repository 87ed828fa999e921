import ArgumentParser
import FlareClient
import FlareModel

struct WorkersGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a Worker: its versions, bindings, consumers and workflows.",
        aliases: ["info"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    func execute(_ shell: Shell) async throws {
        let worker = try await shell.client().call("GET", WorkerPath.worker(name), as: WorkerBody.self)
        shell.emit(worker) {
            let facts = [
                "name       \(worker.name)", "version    \(worker.version)", "created    \(worker.createdOn.text)",
                "deployed   \(worker.modifiedOn.text)",
            ]
            let older = worker.versions.filter { $0.id != worker.version }
            let versions = older.map { "kept       \($0.id)  \($0.createdOn.text)" }
            return (facts + WorkerText.lines(worker) + (worker.host.map(WorkerText.lines) ?? []) + versions).joined(
                separator: "\n"
            )
        }
    }
}

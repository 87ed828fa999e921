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
            let older = worker.versions.filter { !$0.isCurrent }
            let versions = older.map { version in
                let notes = [version.tag, version.message].compactMap { $0 }.joined(separator: ": ")
                let instances = version.instances.map { $0 == 0 ? "" : "  \($0) instances end on it" } ?? ""
                let about = notes.isEmpty ? "" : "  \(notes)"
                return "kept       \(version.id)  \(version.createdOn.text)\(about)\(instances)"
            }
            let host = worker.host.map(WorkerText.lines) ?? []
            return (facts + WorkerText.lines(worker) + host + versions).joined(separator: "\n")
        }
    }
}

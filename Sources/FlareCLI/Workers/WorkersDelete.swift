import ArgumentParser
import FlareClient
import FlareModel

struct WorkersDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a Worker with its consumers, workflows and secrets."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete Worker \"\(name)\"", yes: yes)
        _ = try await shell.client().call("DELETE", WorkerPath.worker(name), as: EmptyResult.self)
        shell.emit(["name": name]) { "deleted Worker \(name)" }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct QueuesDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a queue that nothing uses, and its messages."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete queue \"\(name)\" and its messages", yes: yes)
        _ = try await shell.client().call("DELETE", QueuePath.queue(name), as: EmptyResult.self)
        shell.emit(["name": name]) { "deleted queue \(name)" }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct QueuesRedrive: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Offer the dead messages of a queue again, from their first attempt."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        let path = try QueuePath.own(name, "redrive")
        let moved = try await shell.client().call("POST", path, as: QueueCountBody.self)
        shell.emit(moved) { "offered \(moved.count) dead messages of \(name) again" }
    }
}

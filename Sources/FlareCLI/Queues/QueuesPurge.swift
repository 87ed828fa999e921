import ArgumentParser
import FlareClient
import FlareModel

struct QueuesPurge: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Remove all messages of a queue: waiting, delayed, leased and dead.",
        discussion: "Messages that are sent meanwhile stay. To remove some of them, see: flare queues remove --help"
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Flag(name: [.customShort("y"), .long, .customLong("force")], help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("remove all messages of queue \"\(name)\"", yes: yes)
        let purge = try await shell.client().call(
            "POST",
            QueuePath.queue(name) + "/purge",
            body: ["delete_messages_permanently": true],
            as: QueuePurgeBody.self
        )
        shell.emit(purge) { "removed \(counted(purge.removedCount ?? 0, "message")) from \(name)" }
    }
}

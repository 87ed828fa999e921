import ArgumentParser
import FlareClient
import FlareModel

struct QueuesUpdate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Rename a queue, change its settings, or pause and resume its delivery."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var settings: QueueSettingsOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(help: ArgumentHelp("A new name.", valueName: "name"))
    var rename: String?

    @Flag(help: "Go on accepting messages, but deliver none.")
    var pause = false

    @Flag(help: "Deliver again.")
    var resume = false

    func validate() throws {
        if pause, resume { throw ValidationError("give --pause or --resume, not both") }
    }

    func execute(_ shell: Shell) async throws {
        var body = try settings.body()
        body.deliveryPaused = pause ? true : resume ? false : nil
        guard body != QueueSettingsBody() || rename != nil else {
            throw FlareError(.invalidArgument, "nothing to change", hint: "see: flare queues update --help")
        }
        let queue = try await shell.client().call(
            "PATCH",
            QueuePath.queue(name),
            body: QueueRequest(queueName: rename, settings: body),
            as: QueueBody.self
        )
        shell.emit(queue) { "updated queue \(queue.name)" }
    }
}

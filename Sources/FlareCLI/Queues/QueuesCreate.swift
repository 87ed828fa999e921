import ArgumentParser
import FlareClient
import FlareModel

struct QueuesCreate: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a queue.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var settings: QueueSettingsOptions

    @Argument(help: "1 to 63 lower-case letters, digits, \"-\" or \"_\".")
    var name: String

    func execute(_ shell: Shell) async throws {
        let request = QueueRequest(queueName: name, settings: try settings.body())
        let queue = try await shell.client().call("POST", QueuePath.all, body: request, as: QueueBody.self)
        shell.emit(queue) { "created queue \(queue.name)" }
        if !shell.json { shell.note("send a message: flare queues send \(queue.name) '{\"hello\":\"world\"}'") }
    }
}

/// The options that set what a queue is.
struct QueueSettingsOptions: ParsableArguments, Sendable {
    @Option(
        name: [.long, .customLong("delivery-delay-secs")],
        help: "How long messages wait before they are delivered, such as 30s; at most a day."
    )
    var deliveryDelay: String?

    @Option(
        name: [.long, .customLong("message-retention-period-secs")],
        help: "How long messages that nobody acknowledges are kept, 60s to 14d. Default: 4d."
    )
    var retention: String?

    func body() throws -> QueueSettingsBody {
        QueueSettingsBody(
            deliveryDelay: try parseSeconds(deliveryDelay),
            messageRetentionPeriod: try parseSeconds(retention)
        )
    }
}

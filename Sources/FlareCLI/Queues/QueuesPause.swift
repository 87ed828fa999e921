import ArgumentParser
import FlareClient
import FlareModel

struct QueuesPause: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Go on accepting messages of a queue, but deliver none.",
        discussion: "What is with a consumer already may still be acknowledged. Resume with: flare queues resume",
        aliases: ["pause-delivery"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        let queue = try await QueueDelivery.set(name, isPaused: true, shell)
        shell.emit(queue) { "paused delivery of \(queue.name)" }
    }
}

struct QueuesResume: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Deliver the messages of a paused queue again.",
        aliases: ["resume-delivery"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        let queue = try await QueueDelivery.set(name, isPaused: false, shell)
        shell.emit(queue) { "resumed delivery of \(queue.name)" }
    }
}

/// Whether the messages of a queue are delivered.
private enum QueueDelivery {
    static func set(_ name: String, isPaused: Bool, _ shell: Shell) async throws -> QueueBody {
        try await shell.client().call(
            "PATCH",
            QueuePath.queue(name),
            body: QueueRequest(settings: QueueSettingsBody(deliveryPaused: isPaused)),
            as: QueueBody.self
        )
    }
}

import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare queues consumers worker`, as wrangler spells it.
struct QueueWorkerConsumers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "The consumers that are Workers.",
        subcommands: [QueueWorkerConsumersAdd.self, QueueWorkerConsumersRemove.self, QueueWorkerConsumersList.self]
    )
}

/// The group `flare queues consumers http`, as wrangler spells it.
struct QueueHTTPConsumers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract: "The consumers that are clients which pull.",
        subcommands: [QueueHTTPConsumersAdd.self, QueueHTTPConsumersRemove.self, QueueHTTPConsumersList.self]
    )
}

struct QueueWorkerConsumersAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Deliver a queue to the queue() handler of a Worker."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var settings: QueueConsumerOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "The Worker.", completion: Complete.workers)
    var script: String

    func execute(_ shell: Shell) async throws {
        try await settings.add(to: name, type: "worker", worker: script, workflow: nil, shell)
    }
}

struct QueueWorkerConsumersRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "No longer deliver a queue to a Worker. What waits in the queue goes on waiting."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "The Worker.", completion: Complete.workers)
    var script: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.remove(from: name, shell) { $0.type == "worker" && $0.scriptName == script }
    }
}

struct QueueWorkerConsumersList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the Worker that consumes a queue, if one does."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.list(of: name, shell) { $0.type == "worker" }
    }
}

struct QueueHTTPConsumersAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Let clients pull from a queue, with these settings."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var settings: QueueConsumerOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await settings.add(to: name, type: "http_pull", worker: nil, workflow: nil, shell)
    }
}

struct QueueHTTPConsumersRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Forget the settings of clients that pull from a queue. What waits in it goes on waiting."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.remove(from: name, shell) { $0.type == "http_pull" }
    }
}

struct QueueHTTPConsumersList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the settings of clients that pull from a queue, if it has any."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.list(of: name, shell) { $0.type == "http_pull" }
    }
}

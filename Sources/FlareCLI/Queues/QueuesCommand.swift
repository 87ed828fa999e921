import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare queues`.
struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Send messages, and have each one consumed at least once.",
        subcommands: [
            QueuesCreate.self, QueuesList.self, QueuesInfo.self, QueuesUpdate.self, QueuesDelete.self,
            QueuesSend.self, QueuesPeek.self, QueuesTail.self, QueuesConsume.self, QueuesPurge.self,
            QueuesRedrive.self, QueueConsumersCommand.self, SubscriptionsCommand.self,
        ]
    )
}

/// The group `flare queues consumers`.
struct QueueConsumersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consumers",
        abstract: "Say who receives the messages of a queue.",
        subcommands: [QueueConsumersList.self, QueueConsumersAdd.self, QueueConsumersRemove.self]
    )
}

/// Addresses of queues and what is in them.
enum QueuePath {
    static let all = "/client/v4/accounts/local/queues"
    /// flare's own address of the queues, for what v4 lacks.
    static let own = "/flare/v1/queues"

    static func queue(_ queue: String) throws -> String { "\(all)/\(try encode(queue))" }

    static func own(_ queue: String, _ verb: String? = nil) throws -> String {
        "\(own)/\(try encode(queue))" + (verb.map { "/\($0)" } ?? "")
    }

    private static func encode(_ queue: String) throws -> String {
        // An empty name would be the address of the listing.
        guard !queue.isEmpty else { throw FlareError(.invalidName, "the name of the queue is empty") }
        return PercentCoding.encode(queue)
    }
}

/// Reads an option that holds a duration as whole seconds, rounded up.
func parseSeconds(_ text: String?) throws -> Int? {
    try text.map { Int((try parseDuration($0).milliseconds + 999) / 1000) }
}

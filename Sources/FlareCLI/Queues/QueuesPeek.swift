import ArgumentParser
import FlareClient
import FlareModel

struct QueuesPeek: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek",
        abstract: "Show the oldest messages of a queue and leave them as they are."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(help: "How many messages to show, 1 to 100.")
    var max = 10

    @Flag(help: "Show messages whose last attempt failed and that stay here, for want of a dead letter queue.")
    var dead = false

    func execute(_ shell: Shell) async throws {
        let messages = try await shell.client().call(
            "GET",
            QueuePath.own(name, "peek"),
            query: [("limit", "\(max)"), ("dead", "\(dead)")],
            as: [QueueMessageBody].self
        )
        let width = shell.isTerminal ? 60 : nil
        // The reason is worth a column where there is one.
        let hasReasons = messages.contains { $0.reason != nil }
        let headers = ["ID", "SENT", "ATTEMPTS", "STATE"] + (hasReasons ? ["REASON"] : []) + ["BODY"]
        shell.list(messages, headers) { message in
            [message.id, message.timestamp.text, "\(message.attempts)", message.state]
                + (hasReasons ? [message.reason ?? "-"] : [])
                + [message.oneLine(width: width)]
        }
    }
}

extension QueueMessageBody {
    fileprivate var state: String {
        if diedAt != nil { return "dead" }
        if isLeased == true { return "leased" }
        return (visibleAt ?? timestamp) > timestamp && attempts == 0 ? "delayed" : "waiting"
    }
}

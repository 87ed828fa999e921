import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct QueuesPeek: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek",
        abstract: "Show the oldest messages of a queue and leave them as they are.",
        discussion: """
            Neither attempts nor visibility change. Messages that were moved here from another queue because their \
            last attempt failed show that queue and the reason.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(name: [.long, .customLong("max")], help: "How many messages to show at most.")
    var limit = 10

    @Flag(help: "Show messages whose last attempt failed and that stay here, for want of a dead letter queue.")
    var dead = false

    @Flag(help: "Print each message as a line of JSON.")
    var jsonl = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var messages: [QueueMessageBody] = []
        var cursor: Int64?
        // A filter may leave a page short, so that only an empty one is the end.
        while messages.count < limit {
            var query = [("limit", "\(min(limit - messages.count, Limits.messageBatchMax))"), ("dead", "\(dead)")]
            if let cursor { query.append(("cursor", "\(cursor)")) }
            let page = try await client.call(
                "GET",
                QueuePath.own(name, "peek"),
                query: query + filter.query,
                as: [QueueMessageBody].self
            )
            messages += page
            guard let last = page.last?.cursor else { break }
            cursor = last
        }
        if jsonl {
            for message in messages { shell.writeBytes(FlareJSON.encode(message) + [UInt8(ascii: "\n")]) }
        } else {
            show(messages, shell)
        }
    }

    private func show(_ messages: [QueueMessageBody], _ shell: Shell) {
        // What only some messages have is worth a column where there is one.
        let hasOrigins = messages.contains { $0.originQueue != nil }
        let hasReasons = messages.contains { $0.reason != nil }
        let now = Timestamp(Date())
        let headers =
            ["ID", "SENT", "AGE", "ATTEMPTS", "STATE"] + (hasOrigins ? ["FROM"] : [])
            + (hasReasons ? ["REASON"] : []) + ["BODY"]
        let width = shell.isTerminal ? QueueMessageBody.shownCharacters : nil
        shell.list(messages, headers) { message in
            [
                message.id, message.timestamp.text, ageText(now - message.timestamp), "\(message.attempts)",
                message.state(at: now),
            ]
                + (hasOrigins ? [message.originQueue ?? "-"] : [])
                + (hasReasons ? [message.reason.map(SafePath.oneLine) ?? "-"] : [])
                + [message.oneLine(width: width)]
        }
    }
}

/// How long ago something was, in its largest unit: `3m`.
func ageText(_ age: Duration) -> String {
    let seconds = max(0, age.milliseconds / 1000)
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3_600: "\(seconds / 60)m"
    case ..<86_400: "\(seconds / 3_600)h"
    default: "\(seconds / 86_400)d"
    }
}

extension QueueMessageBody {
    fileprivate func state(at now: Timestamp) -> String {
        if diedAt != nil { return "dead" }
        if isLeased == true { return "leased" }
        return (visibleAt ?? timestamp) > now ? "delayed" : "waiting"
    }
}

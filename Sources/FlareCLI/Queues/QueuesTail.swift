import ArgumentParser
import FlareClient
import FlareModel

struct QueuesTail: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the messages of a queue as they are sent, without touching them.",
        discussion: """
            Begins with the messages that are in the queue and goes on with new ones. Neither attempts nor visibility \
            change; consumers get every message as if nobody looked. With --json, each message is one line of JSON.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Flag(help: "Show new messages only.")
    var new = false

    @Option(help: "Go on after the message with this cursor (see --json).")
    var after: Int64?

    @Flag(inversion: .prefixedNo, help: "Wait for new messages.")
    var follow = true

    func validate() throws {
        if new, after != nil { throw ValidationError("give --new or --after, not both") }
        if new, !follow { throw ValidationError("--new shows nothing with --no-follow") }
    }

    func execute(_ shell: Shell) async throws {
        let cursor = new ? "now" : after.map { "\($0)" } ?? "oldest"
        let response = try await shell.client()
            .send("GET", QueuePath.own(name, "tail"), query: [("cursor", cursor), ("follow", "\(follow)")])
            .check()
        var last: Int64?
        for try await line in response.lines() {
            let message = try FlareJSON.decode(QueueMessageBody.self, from: line)
            last = message.cursor
            if shell.json {
                shell.writeBytes(line + [UInt8(ascii: "\n")])
            } else {
                shell.line("\(message.timestamp.text)  \(message.id)  \(message.oneLine(width: nil))")
            }
        }
        // A followed queue has no end: the engine went away.
        guard follow, !Task.isCancelled else { return }
        throw FlareError(
            .engineUnavailable,
            "the engine has stopped",
            hint: last.map { "go on with: flare queues tail \(name) --after \($0)" }
        )
    }
}

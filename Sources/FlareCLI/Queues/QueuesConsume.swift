import ArgumentParser
import FlareClient
import FlareModel

struct QueuesConsume: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Take messages out of a queue: print them, or run a command on each.",
        discussion: """
            Without --exec, each message is printed on a line and acknowledged. With --exec, /bin/sh runs the command \
            with the body on stdin and FLARE_QUEUE, FLARE_MESSAGE_ID and FLARE_MESSAGE_ATTEMPTS in its environment. \
            Exit status 0 acknowledges the message, 75 gives it back for later without counting, any other is a \
            failed attempt; after the last one it is dead or goes to the dead letter queue.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(help: "Stop after so many messages. Default: when no message is visible.")
    var max: Int?

    @Flag(help: "Wait for more messages.")
    var follow = false

    @Flag(inversion: .prefixedNo, help: "Acknowledge. Without, messages come back when their lease ends.")
    var ack = true

    @Option(help: ArgumentHelp("Run this command for each message.", valueName: "command"))
    var exec: String?

    @Option(
        help: """
            How long a message is hidden from other consumers; longer than the command takes. \
            Default: 30s, with --exec 15m.
            """
    )
    var visibilityTimeout: String?

    @Option(help: "How long a message waits after a command that did not end with status 0.")
    var retryAfter = "10s"

    func validate() throws {
        if !ack, exec != nil { throw ValidationError("--exec acknowledges by exit status; --no-ack does not fit") }
        if let max, max < 1 { throw ValidationError("--max is at least 1") }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let visibility = try visibilityTimeout.map(parseDuration) ?? .seconds(exec == nil ? 30 : 900)
        var handler = MessageHandler(
            queue: name,
            shell: shell,
            client: client,
            command: exec,
            acknowledges: ack,
            laterSeconds: try parseSeconds(retryAfter) ?? 0
        )
        while max.map({ handler.handled < $0 }) ?? true, !Task.isCancelled {
            // A command may take long: a lease on the next message would run meanwhile.
            let size = min(max.map { $0 - handler.handled } ?? Limits.messageBatchMax, exec == nil ? 10 : 1)
            let query = [
                ("batch_size", "\(size)"),
                ("visibility_timeout_ms", "\(visibility.milliseconds)"),
                ("wait_ms", "\(follow ? Limits.pullWaitMillisecondsMax : 0)"),
            ]
            let path = try QueuePath.own(name, "pull")
            let messages = try await client.call("POST", path, query: query, as: [QueueMessageBody].self)
            if messages.isEmpty, !follow { break }
            try await handler.handle(messages)
        }
        if handler.failed > 0 {
            shell.note("\(handler.failed) of \(handler.handled) attempts failed")
            throw ExitCode(1)
        }
    }
}

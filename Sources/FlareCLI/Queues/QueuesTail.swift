import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct QueuesTail: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the messages of a queue as they are sent, without touching them.",
        discussion: """
            Begins with the messages that are in the queue and goes on with new ones. Neither attempts nor visibility \
            change; consumers get every message as if nobody looked. Each message has a cursor, with which --since \
            goes on after it; when the engine is restarted, tail does so by itself. With --json or --jsonl each \
            message is one line of JSON.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Flag(help: "Show new messages only.")
    var new = false

    @Option(
        help: ArgumentHelp(
            "Begin with what was sent so long ago (10m), at a time (RFC 3339), or after a cursor.",
            valueName: "10m|time|cursor"
        )
    )
    var since: String?

    @Option(help: "Go on after the message with this cursor.")
    var after: Int64?

    @Flag(inversion: .prefixedNo, help: "Wait for new messages.")
    var follow = true

    @Option(help: "End after so many messages.")
    var count: Int?

    @Option(help: "End after so long, such as 30s.")
    var timeout: String?

    @Flag(help: "Print each message as a line of JSON, as --json does.")
    var jsonl = false

    func validate() throws {
        if [new, after != nil, since != nil].filter({ $0 }).count > 1 {
            throw ValidationError("give one of --new, --since and --after")
        }
        if new, !follow { throw ValidationError("--new shows nothing with --no-follow") }
        if let count, count < 1 { throw ValidationError("--count takes a whole number from 1") }
        _ = try start()
    }

    /// Where to begin, as a parameter of the query.
    private func start() throws -> (String, String) {
        if new { return ("cursor", "now") }
        if let after { return ("cursor", "\(after)") }
        guard let since else { return ("cursor", "oldest") }
        if since.utf8.allSatisfy({ (48...57).contains($0) }), let cursor = Int64(since) {
            return ("cursor", "\(cursor)")
        }
        if let time = Timestamp(since) { return ("since", time.text) }
        guard let age = try? parseDuration(since) else {
            throw ValidationError("--since takes a duration (10m), a time (2026-01-31T08:00:00Z) or a cursor")
        }
        return ("since", Timestamp.ago(age).text)
    }

    /// Where a tail goes on that was interrupted; nil where it began.
    ///
    /// One that was to show what is new, and has shown nothing yet, has not seen what came meanwhile.
    func again(after last: Int64?, began: Timestamp) -> (String, String)? {
        if let last { return ("cursor", "\(last)") }
        return new ? ("since", began.text) : nil
    }

    func execute(_ shell: Shell) async throws {
        let progress = TailProgress()
        let isTimedOut = try await within(try timeout.map(parseDuration)) { try await show(shell, progress) }
        let (shown, last) = progress.state
        if let last, shown > 0, follow, count != shown {
            shell.note("go on with: flare queues tail \(name) --since \(last)")
        }
        guard isTimedOut, let count, shown < count else { return }
        throw FlareError(
            .deadlineExceeded,
            "\(counted(shown, "message")) came in \(timeout ?? "time"), not \(count)"
        )
    }

    private func show(_ shell: Shell, _ progress: TailProgress) async throws {
        let path = try QueuePath.own(name, "tail")
        var client = try await shell.client()
        var begin = try start()
        let began = Timestamp(Date())
        while true {
            do {
                let query = [begin, ("follow", "\(follow)")] + filter.query
                let response = try await client.send("GET", path, query: query).check()
                for try await line in response.lines() {
                    try show(line, shell, progress)
                    if progress.state.shown == count { return }
                }
                if !follow || Task.isCancelled { return }
            } catch let error as FlareError where error.code == .engineUnavailable {
                guard !Task.isCancelled else { return }
                if !follow { throw error }
            }
            if let next = again(after: progress.state.last, began: began) { begin = next }
            // One that still runs says at the next try why it has ended this.
            if shell.launcher.running()?.socketPath != client.socketPath {
                shell.tell("the engine has stopped; waiting until it runs again")
            }
            guard let next = await EngineFollow.next(shell) else { return }
            client = next
        }
    }

    private func show(_ line: [UInt8], _ shell: Shell, _ progress: TailProgress) throws {
        let message = try FlareJSON.decode(QueueMessageBody.self, from: line)
        if shell.json || jsonl {
            shell.writeBytes(line + [UInt8(ascii: "\n")])
        } else {
            shell.line(message.tailLine(columns: TerminalWidth.columns))
        }
        progress.note(message.cursor)
    }
}

import ArgumentParser
import FlareClient
import FlareModel
import Glibc

struct QueuesConsume: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Take messages out of a queue: print them, or run a command on each.",
        discussion: """
            Without --exec, each message is printed on a line and then acknowledged. With --exec, /bin/sh runs the \
            command with the body on stdin and FLARE_QUEUE, FLARE_MESSAGE_ID, FLARE_MESSAGE_ATTEMPTS, \
            FLARE_MESSAGE_TIMESTAMP, FLARE_MESSAGE_CONTENT_TYPE and FLARE_LEASE_ID in its environment, for a dead \
            letter FLARE_MESSAGE_ORIGIN_QUEUE and FLARE_MESSAGE_REASON too. Exit status 0 acknowledges the message, 75 \
            gives it back for later without counting, any other and a signal are a failed attempt, whose status and \
            last line on stderr are kept; after the last attempt the message is dead or goes to the dead letter queue.

            Leases are given more time while a command runs. Ctrl-C takes no more messages and lets commands come to \
            their end; a second one stops them. What was not handled is given back uncounted. The command ends with \
            status 1 when attempts failed, and with 124 when --timeout came before --count.
            """
    )

    /// What happens when no message is visible.
    enum Mode: String, EnumerableFlag {
        case once, follow

        static func help(for value: Self) -> ArgumentHelp? {
            switch value {
            case .once: "End when no message is visible. The default."
            case .follow: "Wait for more messages."
            }
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(name: [.long, .customLong("max")], help: "End after so many messages.")
    var count: Int?

    @Flag var mode = Mode.once

    @Option(help: "End after so long, such as 30s.")
    var timeout: String?

    @Option(help: "Messages of one lease, 1 to 100. Default: 100, with --exec as many as commands can begin.")
    var batchSize: Int?

    @Flag(inversion: .prefixedNo, help: "Acknowledge. Without, messages come back when their lease ends.")
    var ack = true

    @Option(help: ArgumentHelp("Run this command for each message.", valueName: "command"))
    var exec: String?

    @Option(help: "With --exec: commands that run at once, 1 to 100.")
    var parallel = 1

    @Option(help: "How long a message is hidden from other consumers; prolonged while it is being handled.")
    var visibilityTimeout = "30s"

    @Option(help: "How long a message waits after a command that did not end with status 0.")
    var retryAfter = "10s"

    @Flag(help: "Print each message as a line of JSON, as --json does; with --exec, what was done.")
    var jsonl = false

    func validate() throws {
        if !ack, exec != nil { throw ValidationError("--exec acknowledges by exit status; --no-ack does not fit") }
        if let exec, exec.allSatisfy(\.isWhitespace) { throw ValidationError("--exec takes a command") }
        if exec == nil, parallel != 1 { throw ValidationError("--parallel goes with --exec") }
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
        let batch = 1...Limits.messageBatchMax
        guard batch.contains(parallel) else { throw ValidationError("--parallel takes 1 to \(batch.upperBound)") }
        if let batchSize, !batch.contains(batchSize) {
            throw ValidationError("--batch-size takes 1 to \(batch.upperBound)")
        }
    }

    func run() async throws { try await runStoppably(consume) }

    func execute(_ shell: Shell) async throws { try await consume(shell, StopRequest()) }

    private func consume(_ shell: Shell, _ stop: StopRequest) async throws {
        // A reader that has gone is an error of the write, so that what was not printed can be given back.
        signal(SIGPIPE, SIG_IGN)
        let visibility = try parseDuration(visibilityTimeout)
        guard (1...Limits.visibilityMillisecondsMax).contains(Int(visibility.milliseconds)) else {
            throw FlareError(.invalidArgument, "--visibility-timeout takes 1ms to 12h, not \(visibilityTimeout)")
        }
        // Before a command has run whose message could then not be given back.
        guard let laterSeconds = try parseSeconds(retryAfter), laterSeconds <= Limits.messageDelaySecondsMax else {
            throw FlareError(.invalidArgument, "--retry-after takes 0s to 24h, not \(retryAfter)")
        }
        let limit = try timeout.map(parseDuration)
        let client = try await shell.client()
        // A command that is to end by itself does not wait for ever for an engine that has gone.
        let engine = SteadyEngine(shell, client, patience: mode == .follow ? nil : .seconds(10))
        let keeper = LeaseKeeper(queue: name, engine: engine, visibility: visibility, shell: shell)
        let settler = Settler(queue: name, engine: engine, shell: shell)
        let leases = MessageLeases(
            queue: name,
            engine: engine,
            shell: shell,
            stop: stop,
            visibility: visibility,
            follows: mode == .follow
        )
        // Both end with this command.
        let keeping = Task { await keeper.run() }
        let deadline = Task {
            guard let limit else { return }
            try await Pace.pause(for: limit)
            stop.expire()
        }
        defer {
            keeping.cancel()
            deadline.cancel()
        }
        let report: ConsumeReport
        if let exec {
            let consumer = CommandConsumer(
                command: exec,
                leases: leases,
                keeper: keeper,
                settler: settler,
                stop: stop,
                parallel: parallel,
                batchSize: batchSize,
                limit: count,
                laterSeconds: laterSeconds
            )
            report = try await consumer.run()
            if shell.json || jsonl { shell.writeBytes(FlareJSON.encode(report) + [UInt8(ascii: "\n")]) }
        } else {
            var printer = MessagePrinter(
                leases: leases,
                keeper: keeper,
                settler: settler,
                stop: stop,
                batchSize: batchSize ?? Limits.messageBatchMax,
                limit: count,
                acknowledges: ack,
                printsJSON: shell.json || jsonl
            )
            try await printer.run()
            report = printer.report
        }
        if exec != nil || report.returned > 0 { shell.note(report.text) }
        try conclude(report, stop)
    }

    private func conclude(_ report: ConsumeReport, _ stop: StopRequest) throws {
        if report.failed + report.lost > 0 { throw ExitCode(1) }
        guard stop.isExpired, let count, report.handled < count else { return }
        throw FlareError(
            .deadlineExceeded,
            "\(counted(report.handled, "message")) came in \(timeout ?? "time"), not \(count)"
        )
    }
}

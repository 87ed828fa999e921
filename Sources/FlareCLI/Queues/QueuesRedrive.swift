import ArgumentParser
import FlareClient
import FlareModel

struct QueuesRedrive: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Bring dead letters back to the queues they came from, from their first attempt.",
        discussion: """
            Each dead letter knows its origin; --to sends them elsewhere. A queue without a dead letter queue keeps \
            its dead messages itself, and gets them back. Goes page by page, each in one transaction; when it is \
            interrupted, what it has moved stays moved and the rest where it was. Ends with status 1 when messages \
            are left because their queue is not known or gone.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The dead letter queue, or a queue that keeps dead messages.", completion: Complete.queues)
    var name: String

    @Option(help: "Send all to this queue instead.", completion: Complete.queues)
    var to: String?

    @Option(help: ArgumentHelp("At most so many a second, as 100/s.", valueName: "n/s"))
    var rate: String?

    @Option(help: "At most so many messages.")
    var limit: Int?

    @Flag(help: "Say what would be done.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        let rate = try parseRate(rate)
        let engine = SteadyEngine(shell, try await shell.client(), patience: .seconds(30))
        let request = QueueTransferRequest(to: to, filter: filter.filter, isDryRun: dryRun ? true : nil)
        var run = TransferRun(queue: name, verb: "redrive", shell: shell, engine: engine, request: request)
        run.limit = limit
        run.ratePerSecond = rate
        if !dryRun, !yes, shell.inputIsTerminal { try await confirm(run, shell) }
        var done = QueueTransferBody()
        do {
            try await run.run(&done)
        } catch {
            if done.count > 0 { shell.tell("interrupted: \(counted(done.count, "message")) redriven, the rest left") }
            throw error
        }
        done.cursor = nil
        shell.emit(done) { text(done) }
        let left = done.leftText(queue: name)
        for line in left where !shell.json { shell.tell(line) }
        if done.withoutOriginCount > 0 || !done.missingOrigins.isEmpty { throw ExitCode(1) }
    }

    /// At a terminal, what is about to happen is shown first.
    private func confirm(_ run: TransferRun, _ shell: Shell) async throws {
        var preview = run
        preview.request.isDryRun = true
        var found = QueueTransferBody()
        try await preview.run(&found)
        guard found.count > 0 else { return }
        try shell.confirm("redrive \(counted(found.count, "message")) of \(name): \(found.targetText)", yes: false)
    }

    private func text(_ done: QueueTransferBody) -> String {
        let verb = dryRun ? "would redrive" : "redrove"
        guard done.count > 0 else { return "\(verb) no message of \(name)" }
        return "\(verb) \(counted(done.count, "message")) of \(name): \(done.targetText)"
    }
}

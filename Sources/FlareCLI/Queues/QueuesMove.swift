import ArgumentParser
import FlareClient
import FlareModel

struct QueuesMove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move waiting messages from one queue to another.",
        discussion: """
            Goes page by page, each in one transaction; when it is interrupted, what it has moved stays moved and the \
            rest where it was. Messages that a consumer has stay. They keep their ids and begin with their first \
            attempt.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The queue they are in.", completion: Complete.queues)
    var from: String

    @Argument(help: "The queue they go to.", completion: Complete.queues)
    var to: String

    @Flag(help: "The dead messages that the queue keeps, instead of the living ones.")
    var dead = false

    @Option(help: ArgumentHelp("At most so many a second, as 100/s.", valueName: "n/s"))
    var rate: String?

    @Option(help: "At most so many messages.")
    var limit: Int?

    @Flag(help: "Say what would be done.")
    var dryRun = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a whole number from 1") }
        if from == to { throw ValidationError("the two queues are the same one") }
    }

    func execute(_ shell: Shell) async throws {
        let rate = try parseRate(rate)
        let engine = SteadyEngine(shell, try await shell.client(), patience: .seconds(30))
        let request = QueueTransferRequest(
            to: to,
            filter: filter.filter,
            set: dead ? .dead : .living,
            isDryRun: dryRun ? true : nil
        )
        var run = TransferRun(queue: from, verb: "move", shell: shell, engine: engine, request: request)
        run.limit = limit
        run.ratePerSecond = rate
        var done = QueueTransferBody()
        do {
            try await run.run(&done)
        } catch {
            if done.count > 0 { shell.tell("interrupted: \(counted(done.count, "message")) moved, the rest left") }
            throw error
        }
        done.cursor = nil
        shell.emit(done) {
            "\(dryRun ? "would move" : "moved") \(counted(done.count, "message")) from \(from) to \(to)"
        }
        for line in done.leftText(queue: from) where !shell.json { shell.tell(line) }
    }
}

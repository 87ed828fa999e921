import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsBackfill: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Begin the instances of scheduled times that have passed.",
        discussion: """
            The id of an instance follows from its cron expression and time, so that a time which was run is left \
            alone and doing it again is harmless. \(BackfillOptions.times)
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @OptionGroup var options: BackfillOptions

    func execute(_ shell: Shell) async throws {
        try await options.run(TriggerPath.workflow(name, "backfill"), would: "would begin", shell)
    }
}

struct WorkersBackfill: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Call the scheduled() handler for scheduled times that have passed.",
        discussion: """
            A time for which the handler was called is left alone; the last 1000 of each trigger are known. \
            \(BackfillOptions.times)
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @OptionGroup var options: BackfillOptions

    func execute(_ shell: Shell) async throws {
        try await options.run(TriggerPath.worker(name, "backfill"), would: "would be called", shell)
    }
}

/// Which scheduled times a backfill runs, and how fast.
struct BackfillOptions: ParsableArguments, Sendable {
    static let times = "Times are RFC 3339 or how long ago: 2026-01-31T00:00:00Z, 2026-01-31, 2d."

    @Option(name: .long, help: ArgumentHelp("The first time.", valueName: "time"))
    var from: String

    @Option(name: .long, help: ArgumentHelp("The end, itself left out. Default: now.", valueName: "time"))
    var to: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The times; they need not be a trigger. Default: all cron triggers.",
            valueName: "expression"
        )
    )
    var cron: String?

    @Flag(name: .long, help: "Only tell what would be run.")
    var dryRun = false

    @Option(name: .long, help: "How many scheduled times at most.")
    var limit: Int = 1000

    @Option(name: .long, help: ArgumentHelp("Run at most so many a second.", valueName: "n"))
    var rate: Int?

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate takes a whole number from 1") }
    }

    /// Runs the times page by page, and prints them as a table.
    func run(_ path: String, would: String, _ shell: Shell) async throws {
        var from = try Moment.parse(from, "--from")
        let to = try to.map { try Moment.parse($0, "--to") }
        let client = try await shell.client()
        var entries: [BackfillBody.Entry] = []
        var hasMore = true
        let pace = Pace(perSecond: dryRun ? nil : rate.map(Double.init))
        while hasMore, entries.count < limit {
            let page = min(limit - entries.count, dryRun ? limit : rate ?? limit, Limits.backfillPageMax)
            let request = BackfillRequest(from: from, to: to, cron: cron, dryRun: dryRun, limit: page)
            let result = try await client.call("POST", path, body: request, as: BackfillBody.self)
            entries += result.entries
            hasMore = result.next != nil
            from = result.next ?? from
            if hasMore { try await pace.wait(afterDoing: entries.count) }
        }
        shell.list(entries, ["TIME", "CRON", "INSTANCE", "OUTCOME"]) { entry in
            let outcome = entry.outcome == "missing" ? would : entry.outcome
            return [entry.scheduledTime.text, entry.cron, entry.instance ?? "-", outcome]
        }
        if hasMore { shell.warn("there are more scheduled times: go on with --from \(from.text)") }
    }
}

/// A moment given on the command line.
enum Moment {
    /// Reads RFC 3339, or a duration ago.
    static func parse(_ text: String, _ option: String) throws -> Timestamp {
        if let time = Timestamp(text) { return time }
        // A date alone begins at midnight, UTC.
        if text.count == 10, let time = Timestamp(text + "T00:00:00Z") { return time }
        guard let ago = try? parseDuration(text) else {
            throw FlareError(
                .invalidArgument,
                "\(option) \"\(text)\" is not a time",
                hint: "write 2026-01-31T00:00:00Z, 2026-01-31, or how long ago: 30m, 2d"
            )
        }
        return .ago(ago)
    }
}

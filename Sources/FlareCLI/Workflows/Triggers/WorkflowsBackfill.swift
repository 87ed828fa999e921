import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct WorkflowsBackfill: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Begin the instances of scheduled times that have passed.",
        discussion: """
            The id of an instance follows from its cron expression and time, so that a time which was run is left \
            alone and doing it again is harmless. Times are RFC 3339 or a duration ago, as 2026-01-31T00:00:00Z or 2d.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(name: .long, help: ArgumentHelp("The first time.", valueName: "time"))
    var from: String

    @Option(name: .long, help: ArgumentHelp("The end, itself left out. Default: now.", valueName: "time"))
    var to: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The times; they need not be a trigger. Default: all cron triggers of the workflow.",
            valueName: "expression"
        )
    )
    var cron: String?

    @Flag(name: .long, help: "Only tell what would begin.")
    var dryRun = false

    @Option(name: .long, help: "How many scheduled times at most.")
    var limit: Int = 1000

    @Option(name: .long, help: ArgumentHelp("Begin at most so many instances a second.", valueName: "n"))
    var rate: Int?

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        var from = try Moment.parse(from, "--from")
        let to = try to.map { try Moment.parse($0, "--to") }
        let client = try await shell.client()
        var entries: [BackfillBody.Entry] = []
        var isOver = false
        while !isOver, entries.count < limit {
            let size = min(limit - entries.count, dryRun ? Limits.backfillPageMax : rate ?? Limits.backfillPageMax)
            let began = ContinuousClock.now
            let request = BackfillRequest(from: from, to: to, cron: cron, dryRun: dryRun, limit: size)
            let page = try await client.call(
                "POST",
                TriggerPath.workflow(name, "backfill"),
                body: request,
                as: BackfillBody.self
            )
            entries += page.entries
            guard let next = page.next else {
                isOver = true
                break
            }
            guard next > from else {
                throw FlareError(
                    .invalidArgument,
                    "more than \(size) cron triggers have the time \(TriggerText.minute(next))",
                    hint: "name one of them with --cron, or give a larger --limit or --rate"
                )
            }
            from = next
            if rate != nil, !dryRun { try await Task.sleep(until: began + .seconds(1)) }
        }
        shell.list(entries, ["TIME", "CRON", "INSTANCE", "OUTCOME"]) { entry in
            [entry.scheduledTime.text, entry.cron, entry.instance, dryRun ? planned(entry) : entry.outcome]
        }
        if !isOver { shell.warn("there are more scheduled times: go on with --from \(from.text)") }
    }

    private func planned(_ entry: BackfillBody.Entry) -> String {
        entry.outcome == "missing" ? "would begin" : entry.outcome
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
        return Timestamp(Date.now) + .milliseconds(-ago.milliseconds)
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct WorkerTriggersAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Call the scheduled() handler at the times of a cron expression.",
        discussion: """
            A cron expression has five fields in UTC: minute hour day-of-month month weekday. Weekdays are SUN to SAT \
            or 1 (Sunday) to 7. L, W and # work as in Cloudflare's: LW is the last working day of the month, FRI#2 \
            its second Friday. A handler that throws is called again after 15 s, 1 min and 4 min, unless it has called \
            controller.noRetry(). Deploys leave triggers that were added here alone.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Option(name: .long, help: ArgumentHelp("The times, such as \"*/5 * * * *\".", valueName: "expression"))
    var cron: String

    @OptionGroup var missed: CatchUpOption

    func execute(_ shell: Shell) async throws {
        var request = TriggerRequest()
        request.cron = cron
        request.catchUp = try missed.value()
        let trigger = try await shell.client().call(
            "POST",
            TriggerPath.worker(name),
            body: request,
            as: TriggerBody.self
        )
        shell.emit(trigger) { TriggerText.added(trigger) }
    }
}

struct WorkerTriggersList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what calls a Worker by itself, with the last and the next time.",
        discussion: """
            MISSED counts the scheduled times at which nothing ran because the engine was down or the clock was set \
            forward. Without a name, the cron triggers of all Workers.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker. Default: all.", completion: Complete.workers)
    var name: String?

    func execute(_ shell: Shell) async throws {
        try await TriggerText.list(name.map { TriggerPath.worker($0) } ?? TriggerPath.workers, shell)
    }
}

struct WorkerTriggersRuns: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the calls of the scheduled() handler of a Worker, newest first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Option(name: .long, help: "How many lines at most, up to 1000.")
    var limit: Int = 20

    func execute(_ shell: Shell) async throws {
        try await TriggerText.listRuns(TriggerPath.worker(name, "scheduled"), limit: limit, shell)
    }
}

struct WorkerTriggersDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a cron trigger of a Worker."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Option(name: .long, help: ArgumentHelp("The cron trigger with these times.", valueName: "expression"))
    var cron: String

    func execute(_ shell: Shell) async throws {
        let path = TriggerPath.worker(name)
        let trigger = try await shell.client().call("DELETE", path, query: [("cron", cron)], as: TriggerBody.self)
        shell.emit(trigger) { "\(name) is no longer called by \(TriggerText.kind(trigger))" }
    }
}

struct WorkersTriggerScheduled: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger-scheduled",
        abstract: "Call the scheduled() handler of a Worker now, once, and wait for its end.",
        discussion: "The exit status is 0 when the handler returned and 1 when it threw. It is not called again."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Option(
        name: .long,
        help: ArgumentHelp("What it finds in controller.cron. Default: its only cron trigger.", valueName: "expression")
    )
    var cron: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What it finds in controller.scheduledTime: RFC 3339 or how long ago. Default: now.",
            valueName: "time"
        )
    )
    var time: String?

    func execute(_ shell: Shell) async throws {
        let request = ScheduledCallRequest(cron: cron, scheduledTime: try time.map { try Moment.parse($0, "--time") })
        let run = try await shell.client().call(
            "POST",
            TriggerPath.worker(name, "scheduled"),
            body: request,
            as: ScheduledRunBody.self
        )
        shell.emit(run) {
            let error = run.error.map { "\n" + ($0.stack ?? "\($0.name): \($0.message)") } ?? ""
            return "\(name) \(run.status) for \"\(run.cron)\" at \(run.scheduledTime.text)\(error)"
        }
        guard run.status == "succeeded" else { throw ExitCode(1) }
    }
}

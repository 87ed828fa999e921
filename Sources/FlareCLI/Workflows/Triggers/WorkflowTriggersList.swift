import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowTriggersList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what begins instances by itself, with the last and the next time.",
        discussion: """
            MISSED counts the scheduled times at which nothing ran because the engine was down or the clock was set \
            forward. To run them: flare workflows backfill NAME --from TIME
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow. Default: all.", completion: Complete.workflows)
    var name: String?

    func execute(_ shell: Shell) async throws {
        try await TriggerText.list(name.map { TriggerPath.workflow($0) } ?? TriggerPath.workflows, shell)
    }
}

struct WorkflowTriggersRuns: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the scheduled times of a workflow that were run, newest first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(name: .long, help: "How many lines at most, up to 1000.")
    var limit: Int = 20

    func execute(_ shell: Shell) async throws {
        try await TriggerText.listRuns(TriggerPath.workflow(name, "scheduled"), limit: limit, shell)
    }
}

struct WorkflowTriggersDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a trigger. What waits in a queue goes on waiting."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(name: .long, help: ArgumentHelp("The cron trigger with these times.", valueName: "expression"))
    var cron: String?

    @Option(name: .long, help: "The trigger by this queue.", completion: Complete.queues)
    var queue: String?

    func validate() throws {
        guard (cron == nil) != (queue == nil) else { throw ValidationError("give one of --cron and --queue") }
    }

    func execute(_ shell: Shell) async throws {
        let query = [("cron", cron), ("queue", queue)].compactMap { key, value in value.map { (key, $0) } }
        let trigger = try await shell.client().call(
            "DELETE",
            TriggerPath.workflow(name),
            query: query,
            as: TriggerBody.self
        )
        shell.emit(trigger) { "\(name) is no longer triggered by \(TriggerText.source(trigger))" }
    }
}

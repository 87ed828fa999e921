import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct WorkflowsStatus: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show an instance with all its steps.",
        discussion: """
            With --follow it is drawn again and again on a terminal until it has ended; elsewhere its log is printed \
            line by line, with --json as one object a line. The exit status then is 0 complete, 1 errored or terminated.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "Show this run instead of the current one; each replay is a run.")
    var run: Int?

    @Flag(name: .long, help: "Show all steps and all values in full. By default long ones are cut.")
    var full = false

    @Flag(name: .long, help: "Go on until the instance has ended.")
    var follow = false

    func validate() throws {
        if run != nil && follow { throw ValidationError("--follow shows the current run; leave --run out") }
    }

    func execute(_ shell: Shell) async throws {
        guard follow else {
            let path = WorkflowPath.instance(instance.name, instance.id)
            let query = run.map { [("run", "\($0)")] } ?? []
            let detail = try await shell.client().call("GET", path, query: query, as: InstanceDetailBody.self)
            return shell.emit(detail) { Self.text(detail, isFull: full) }
        }
        let end =
            if shell.isTerminal && !shell.json {
                try await InstanceScreen(shell: shell, name: instance.name) { Self.screen($0, isFull: full) }
                    .run(of: instance.id)
            } else {
                try await FollowedLog(shell: shell, name: instance.name).run(of: instance.id) {
                    WorkflowsLogs.show($0, $1, shell)
                }
            }
        guard end.status == .complete else { throw ExitCode(1) }
    }

    private static func text(_ detail: InstanceDetailBody, isFull: Bool, stepsMax: Int? = nil) -> String {
        let now = Timestamp(Date())
        if isFull { return WorkflowText.detail(detail, .full(now: now, ink: .standard)) }
        let layout = InstanceLayout(columns: TerminalWidth.columns ?? 80, stepsMax: stepsMax ?? 50, now: now)
        return WorkflowText.detail(detail, layout.with(.standard))
    }

    /// As much as the terminal holds.
    private static func screen(_ detail: InstanceDetailBody, isFull: Bool) -> String {
        let rows = TerminalWidth.rows ?? 40
        return text(detail, isFull: isFull, stepsMax: max(5, rows - 16))
    }
}

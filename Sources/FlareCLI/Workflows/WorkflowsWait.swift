import ArgumentParser
import FlareModel

struct WorkflowsWait: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until an instance has ended, or has come to a point.",
        discussion: """
            Exit status: 0 complete, 1 errored or terminated, 124 not ended in time. With --for: 0 reached, 1 ended \
            without reaching it or the step failed, 124 not in time. A restart of the engine does not end the wait.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "Wait at most this long, as 30s or 5m. Default: without end.")
    var timeout: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Wait for this status, as waiting or paused, or for the end of a step, as \"step=charge card\".",
            valueName: "status|step=name"
        ),
        completion: .list(InstanceStatus.allCases.map(\.rawValue) + ["step="])
    )
    var goal: WaitGoal?

    func execute(_ shell: Shell) async throws {
        let timeout = try timeout.map(parseDuration)
        try await InstanceEnd.wait(for: instance.id, of: instance.name, timeout: timeout, goal: goal, shell)
    }
}

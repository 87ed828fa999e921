import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsSteps: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "List the steps of an instance, one a line, in the order of their start."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "The steps of this run instead of the current one.")
    var run: Int?

    @Flag(name: .long, help: "Show values in full. By default long ones are cut.")
    var full = false

    func execute(_ shell: Shell) async throws {
        let detail = try await shell.client().call(
            "GET",
            WorkflowPath.instance(instance.name, instance.id),
            query: run.map { [("run", "\($0)")] } ?? [],
            as: InstanceDetailBody.self
        )
        let steps = detail.steps.filter { $0.type != "termination" }
        shell.list(steps, ["STEP", "TYPE", "ATTEMPTS", "DURATION", "OUTCOME", "OUTPUT"]) { step in
            let duration = step.start.map { WorkflowText.duration(from: $0, to: step.end ?? detail.end) } ?? ""
            return [
                step.name ?? "", step.type, step.attempts.map { "\($0.count)" } ?? "", duration,
                Self.outcome(step, detail.end), output(step),
            ]
        }
    }

    private func output(_ step: StepBody) -> String {
        let text =
            step.error.map(WorkflowText.text)
            ?? step.output.map { String(decoding: $0.jsonBytes, as: UTF8.self) } ?? ""
        guard !full, text.count > Self.shortLength else { return text }
        return text.prefix(Self.shortLength) + "…"
    }

    private static func outcome(_ step: StepBody, _ ended: Timestamp?) -> String {
        let kept = step.isPatched == true ? ", patched" : step.keptFrom.map { ", kept from run \($0)" } ?? ""
        if step.error != nil { return "failed" + kept }
        if step.success == true || step.finished == true { return "complete" + kept }
        if ended != nil { return StepTable.unfinished + kept }
        return step.dueAt.map { "until \($0.text)" } ?? "running"
    }

    /// Characters of a value that a person reads at a glance.
    private static let shortLength = 60
}

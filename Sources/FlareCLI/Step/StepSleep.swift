import ArgumentParser
import FlareModel

/// A step that is a pause.
struct StepSleep: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "sleep",
        abstract: "Sleep once: a script that is run again sleeps only for what is left.",
        discussion: "A step whose name is sleep: flare step run sleep -- COMMAND"
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: StepOptions

    @Argument(
        help: ArgumentHelp(
            "The name, and how long, as 30s, 5m or 1h. Default name: sleep.",
            valueName: "name> <duration"
        )
    )
    var words: [String]

    func validate() throws {
        guard (1...2).contains(words.count) else { throw ValidationError("write: flare step sleep [NAME] 1h") }
    }

    func run() async throws { try await runJob() }

    func execute(_ shell: Shell) async throws {
        let length = try parseDuration(words[words.count - 1])
        let instance = try options.instance()
        _ = JobSignals()
        var body = ShellStepBody(
            call: Identifier.uuid(),
            process: .current,
            attachment: instance.attachment,
            kind: .sleep,
            name: words.count == 2 ? words[0] : "sleep"
        )
        body.milliseconds = length.milliseconds
        _ = try await StepCall(engine: StepEngine(shell: shell), instance: instance, body: body).settle()
    }
}

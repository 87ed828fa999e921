import ArgumentParser
import FlareModel

/// A step that waits for an event.
struct StepWaitEvent: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait-event",
        abstract: "Wait for an event and print its payload as JSON.",
        discussion: """
            Events come from flare workflows send-event, before or after this. The exit status is 124 when none has \
            come in time; a script that is run again then waits anew.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: StepOptions

    @Argument(help: "The type of the event.")
    var type: String

    @Option(name: .long, help: "How long to wait, as 30s or 1h. Default: 24 hours.")
    var timeout = "24h"

    func run() async throws { try await runJob() }

    func execute(_ shell: Shell) async throws {
        let length = try parseDuration(timeout)
        let instance = try options.instance()
        _ = JobSignals()
        var body = ShellStepBody(
            call: Identifier.uuid(),
            process: .current,
            attachment: instance.attachment,
            kind: .wait,
            name: type
        )
        body.eventType = type
        body.milliseconds = length.milliseconds
        let answer = try await StepCall(engine: StepEngine(shell: shell), instance: instance, body: body).settle()
        guard answer.decision == .done else {
            throw FlareError(
                .deadlineExceeded,
                "no event of type \"\(type)\" has come for instance \"\(instance.id)\"",
                hint: "flare workflows send-event \(instance.workflow) \(instance.id) --type \(type)"
            )
        }
        shell.line(String(decoding: (answer.payload ?? .null).jsonBytes, as: UTF8.self))
    }
}

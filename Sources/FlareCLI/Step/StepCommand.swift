import ArgumentParser

/// The commands below `flare step`.
struct StepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Do a step of a shell script once, however often the script is run again.",
        discussion: """
            In a script that is run by flare workflows run FILE, a finished step is not done again: its output is \
            printed as it was. A step that failed or was cut off is done again.
            """,
        subcommands: [StepRun.self, StepSleep.self, StepWaitEvent.self],
        defaultSubcommand: StepRun.self
    )
}

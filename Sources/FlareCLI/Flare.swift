package import ArgumentParser
import FlareModel
import FoundationEssentials

/// The command line of flare.
package struct Flare: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "flare",
        abstract: "Pipelines, buckets, queues and durable workflows on one machine.",
        discussion: """
            The engine starts by itself on first need. Everything it keeps lies in one state directory.
            """,
        version: "flare \(FlareVersion.current)",
        subcommands: [
            PipelinesCommand.self, BucketsCommand.self, QueuesCommand.self, WorkflowsCommand.self, WorkersCommand.self,
            DeployCommand.self, DevCommand.self, TailCommand.self, StepCommand.self, EngineCommand.self,
            EnvCommand.self,
        ]
    )

    package init() {}
}

/// The program: parses the words, runs the command, ends with its status.
package enum FlareProgram {
    /// Ends the process with the status of the command when that is not 0.
    package static func run() async {
        var words = Array(CommandLine.arguments.dropFirst())
        do {
            words = try prepared(words)
            var command = try await Flare.asyncParseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            if let failure = UsageError.json(error, words) {
                Shell(GlobalOptions(state: nil, json: true)).report(failure)
                Flare.exit(withError: ExitCode(failure.code.exitStatus))
            }
            Flare.exit(withError: error)
        }
    }

    /// The words as the parser gets them.
    ///
    /// Ends the process when they name no command.
    private static func prepared(_ words: [String]) throws -> [String] {
        // The shell's own call for names at Tab is not a command line.
        if words.first == "---completion" || words.contains("--generate-completion-script") { return words }
        do {
            return try CommandWords(words, root: Flare.self).forScript()
                .withOptions(from: ProcessInfo.processInfo.environment)
        } catch let error as FlareError {
            let options = GlobalOptions(state: nil, json: words.contains("--json"))
            Shell(options).report(error)
            throw ExitCode(error.code.exitStatus)
        }
    }
}

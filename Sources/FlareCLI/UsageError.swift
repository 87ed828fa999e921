import ArgumentParser
import FlareModel

/// What the parser finds wrong with a command line.
enum UsageError {
    /// The error as `--json` prints it; nil when that is not among the words, or when the error is another one.
    static func json(_ error: any Error, _ words: [String]) -> FlareError? {
        guard words.prefix(while: { $0 != "--" }).contains("--json"), !(error is ExitCode) else { return nil }
        guard Flare.exitCode(for: error) == .validationFailure else { return nil }
        // The last line of the text for people names the command's help: See 'flare deploy --help' for more.
        let quoted = Flare.fullMessage(for: error).split(separator: "'", omittingEmptySubsequences: false)
        let help = quoted.dropLast().last.flatMap { $0.hasSuffix("--help") ? "see: \($0)" : nil }
        return FlareError(.invalidArgument, Flare.message(for: error), hint: help)
    }
}

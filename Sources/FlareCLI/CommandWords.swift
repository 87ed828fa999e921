import ArgumentParser
import FlareModel
import FoundationEssentials

/// Looks at the words of a command line before they are parsed: finds the command that they name, says which one was
/// probably meant when there is none, and adds options that the environment sets.
struct CommandWords {
    let words: [String]
    /// The names from below the root to the command: `["queues", "send"]`.
    private(set) var path: [String] = []
    private var command: any ParsableCommand.Type

    /// Throws `invalidArgument` with the nearest name when a word is no sub-command where one is needed.
    init(_ words: [String], root: any ParsableCommand.Type) throws {
        self.words = words
        command = root
        for word in words {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { break }
            guard let next = subcommands.first(where: { Self.names(of: $0).contains(word) }) else {
                throw unknown(word, among: subcommands)
            }
            path.append(word)
            command = next
        }
    }

    /// The words with `--foo-bar VALUE` added for each option of the command that they lack and that `FLARE_FOO_BAR`
    /// sets.
    ///
    /// Flags are set by `true` or `1`. A variable that is empty sets nothing.
    func withOptions(from environment: [String: String]) throws -> [String] {
        // Variables of the programs themselves, which are not options.
        let own: Set = ["FLARE_STATE", "FLARE_ENGINE", "FLARE_LOG", "FLARE_QUEUE"]
        let variables = environment.filter { $0.key.hasPrefix("FLARE_") && !own.contains($0.key) }
        guard !variables.isEmpty, command.configuration.subcommands.isEmpty else { return words }
        var added: [String] = []
        for option in try options() where !isGiven(option.name) {
            let variable = "FLARE_" + option.name.uppercased().replacing("-", with: "_")
            guard let value = variables[variable], !value.isEmpty else { continue }
            if !option.isFlag {
                added.append("--\(option.name)=\(value)")
            } else if ["1", "true"].contains(value.lowercased()) {
                added.append("--\(option.name)")
            }
        }
        let end = words.firstIndex(of: "--") ?? words.endIndex
        return words[..<end] + added + words[end...]
    }

    private func isGiven(_ name: String) -> Bool {
        words.contains { $0 == "--\(name)" || $0 == "--no-\(name)" || $0.hasPrefix("--\(name)=") }
    }

    /// The long options of the command, from the parser's own description of it.
    private func options() throws -> [(name: String, isFlag: Bool)] {
        let dump = try JSONValue(json: command._dumpHelp().utf8)
        let arguments = dump["command"]?["arguments"]?.arrayValue ?? []
        return arguments.compactMap { argument in
            let long = argument["names"]?.arrayValue?.first { $0["kind"]?.stringValue == "long" }
            guard let name = long?["name"]?.stringValue, name != "help", name != "version" else { return nil }
            return (name, argument["kind"]?.stringValue == "flag")
        }
    }

    private func unknown(_ word: String, among subcommands: [any ParsableCommand.Type]) -> FlareError {
        let names = subcommands.flatMap(Self.names)
        let parent = (["flare"] + path).joined(separator: " ")
        guard let near = nearestName(to: word, in: names) else {
            return FlareError(.invalidArgument, "\(parent) has no command \"\(word)\"", hint: "see: \(parent) --help")
        }
        return FlareError(
            .invalidArgument,
            "\(parent) has no command \"\(word)\". Did you mean \"\(near)\"?",
            hint: "see: \(parent) --help"
        )
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }
}

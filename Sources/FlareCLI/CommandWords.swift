import ArgumentParser
import FlareModel
import FoundationEssentials

/// Looks at the words of a command line before they are parsed: finds the command that they name, says which one was
/// probably meant when there is none, and adds options that the environment sets.
struct CommandWords {
    private(set) var words: [String]
    /// The names from below the root to the command: `["queues", "send"]`.
    private(set) var path: [String] = []
    private var command: any ParsableCommand.Type

    /// Throws `invalidArgument` with the nearest name when a word is no sub-command where one is needed.
    ///
    /// Options that every command takes may stand before the command; they are put behind it.
    init(_ words: [String], root: any ParsableCommand.Type) throws {
        let leading = Self.leadingOptions(words)
        let words = Array(words[leading.endIndex...])
        self.words = words
        command = root
        // Those options change nothing about help. Help of a command that there is not would be that of all.
        if words.first == "help" {
            _ = try CommandWords(Array(words.dropFirst()), root: root)
            return
        }
        for word in words {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { break }
            guard let next = subcommands.first(where: { Self.names(of: $0).contains(word) }) else {
                guard let standard = command.configuration.defaultSubcommand else {
                    throw unknown(word, among: subcommands)
                }
                // Any other word is the first argument of that.
                command = standard
                break
            }
            path.append(word)
            command = next
        }
        self.words.insert(contentsOf: leading, at: path.count)
    }

    /// The words of `--json` and `--state DIR` before the command.
    private static func leadingOptions(_ words: [String]) -> ArraySlice<String> {
        var end = words.startIndex
        while end < words.endIndex {
            switch words[end] {
            case "--state" where end + 1 < words.endIndex: end += 2
            case "--json": end += 1
            case let word where word.hasPrefix("--state="): end += 1
            default: return words[..<end]
            }
        }
        return words[..<end]
    }

    /// The words with `--` behind the path of a script, as all that follows it is the script's own.
    func forScript() throws -> CommandWords {
        guard path == ["workflows", "run"] else { return self }
        let flags = Dictionary(try options().map { ($0.name, $0.isFlag) }) { first, _ in first }
        var index = words.startIndex + path.count
        while index < words.endIndex, words[index].hasPrefix("--"), words[index] != "--" {
            let takesNext = !words[index].contains("=") && flags[String(words[index].dropFirst(2))] == false
            index += takesNext ? 2 : 1
        }
        guard index < words.endIndex, words[index].contains("/") else { return self }
        guard index + 1 < words.endIndex, words[index + 1] != "--" else { return self }
        var result = self
        result.words.insert("--", at: index + 1)
        return result
    }

    /// The words with `--foo-bar VALUE` added for each option of the command that they lack and that `FLARE_FOO_BAR`
    /// sets.
    ///
    /// Flags are set by `true` or `1`. A variable that is empty sets nothing.
    func withOptions(from environment: [String: String]) throws -> [String] {
        // Variables of the programs themselves, which are not options.
        var own: Set = ["FLARE_STATE", "FLARE_ENGINE", "FLARE_LOG"]
        own.formUnion(QueueMessageBody.environmentNames)
        if RunEnvironment.isInside(environment) { own.formUnion(RunEnvironment.all) }
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
        words.prefix { $0 != "--" }.contains { $0 == "--\(name)" || $0 == "--no-\(name)" || $0.hasPrefix("--\(name)=") }
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

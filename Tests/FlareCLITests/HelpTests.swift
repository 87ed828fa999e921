import ArgumentParser
import FlareCLI
import FlareModel
import Testing

@Suite("help")
struct HelpTests {
    /// One command, from the parser's own description of the whole tree.
    struct Command {
        let path: String
        let description: JSONValue

        var subcommands: [Command] {
            (description["subcommands"]?.arrayValue ?? []).map { Command(parent: path, $0) }
        }

        init(parent: String, _ description: JSONValue) {
            path = (parent + " " + (description["commandName"]?.stringValue ?? "?")).trimmingPrefix(" ").description
            self.description = description
        }
    }

    /// Every command that is shown, without the parser's own `help`.
    static func commands() throws -> [Command] {
        let root = try JSONValue(json: Flare._dumpHelp().utf8)["command"] ?? .null
        var waiting = [Command(parent: "", root)]
        var found: [Command] = []
        while let command = waiting.popLast() {
            guard command.description["shouldDisplay"]?.boolValue == true, command.path != "flare help" else {
                continue
            }
            found.append(command)
            waiting += command.subcommands
        }
        return found
    }

    @Test("every command says in a sentence what it does")
    func abstracts() throws {
        let commands = try Self.commands()
        #expect(commands.count > 20)
        for command in commands {
            let abstract = command.description["abstract"]?.stringValue ?? ""
            #expect(abstract.hasSuffix("."), "\(command.path): \"\(abstract)\"")
        }
    }

    @Test("every option and argument has a help text")
    func options() throws {
        for command in try Self.commands() {
            for argument in command.description["arguments"]?.arrayValue ?? [] {
                guard argument["shouldDisplay"]?.boolValue == true else { continue }
                let name = argument["preferredName"]?["name"]?.stringValue ?? argument["valueName"]?.stringValue ?? "?"
                #expect(argument["abstract"]?.stringValue?.isEmpty == false, "\(command.path): \(name)")
            }
        }
    }

    @Test("every command takes --json and --state")
    func global() throws {
        for command in try Self.commands() where command.subcommands.isEmpty {
            let names = (command.description["arguments"]?.arrayValue ?? []).flatMap { argument in
                (argument["names"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            }
            #expect(Set(names).isSuperset(of: ["json", "state"]), "\(command.path)")
        }
    }
}

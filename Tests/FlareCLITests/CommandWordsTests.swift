import ArgumentParser
import FlareModel
import Testing

@testable import FlareCLI

@Suite("Words of a command line")
struct CommandWordsTests {
    @Test("a mistyped command is answered with the nearest one")
    func nearestCommand() {
        let error = #expect(throws: FlareError.self) { try CommandWords(["engin", "status"], root: Flare.self) }
        #expect(error?.message == "flare has no command \"engin\". Did you mean \"engine\"?")
        #expect(error?.code.exitStatus == 64)
    }

    @Test("a mistyped sub-command names its group")
    func nearestSubcommand() throws {
        let error = #expect(throws: FlareError.self) { try CommandWords(["engine", "stat"], root: Flare.self) }
        #expect(error?.message.hasPrefix("flare engine has no command \"stat\"") == true)
        #expect(error?.hint == "see: flare engine --help")
        let help = #expect(throws: FlareError.self) { try CommandWords(["help", "engine", "stat"], root: Flare.self) }
        #expect(help?.message == error?.message)
        #expect(try CommandWords(["help", "engine", "stop"], root: Flare.self).words == ["help", "engine", "stop"])
    }

    @Test("what the parser refuses is JSON where that is asked for, and names the command's help")
    func usageAsJSON() {
        let words = ["workflows", "run", "--json"]
        let error = #expect(throws: (any Error).self) { try Flare.parseAsRoot(words) }
        guard let error else { return }
        let failure = UsageError.json(error, words)
        #expect(failure?.code.exitStatus == 64)
        #expect(failure?.message == "Missing expected argument '<name>'")
        #expect(failure?.hint == "see: flare workflows run --help")
        #expect(UsageError.json(error, ["workflows", "run", "--", "--json"]) == nil)
        #expect(UsageError.json(ExitCode(64), words) == nil)
    }

    @Test("arguments of a command are not taken for sub-commands")
    func argumentsPass() throws {
        let words = try CommandWords(["engine", "tokens", "create", "laptop"], root: Flare.self)
        #expect(words.path == ["engine", "tokens", "create"])
    }

    @Test("options that every command takes may stand before it")
    func leadingOptions() throws {
        let words = try CommandWords(["--json", "--state", "dir", "queues", "send", "q", "--", "x"], root: Flare.self)
        #expect(words.path == ["queues", "send"])
        #expect(words.words == ["queues", "send", "--json", "--state", "dir", "q", "--", "x"])
        let equal = try CommandWords(["--state=dir", "step", "build", "--", "make"], root: Flare.self)
        #expect(equal.words == ["step", "--state=dir", "build", "--", "make"])
        let help = try CommandWords(["--json", "--state", "dir", "help", "queues"], root: Flare.self)
        #expect(help.words == ["help", "queues"])
        // Without a command they are the parser's to refuse.
        #expect(try CommandWords(["--json"], root: Flare.self).words == ["--json"])
    }

    @Test("an option that the environment sets is added, unless the words have it")
    func environment() throws {
        let plain = try CommandWords(["engine", "logs"], root: Flare.self)
        #expect(try plain.withOptions(from: ["FLARE_LINES": "3"]) == ["engine", "logs", "--lines=3"])
        #expect(try plain.withOptions(from: ["FLARE_JSON": "true"]) == ["engine", "logs", "--json"])
        #expect(try plain.withOptions(from: ["FLARE_JSON": "false"]) == ["engine", "logs"])
        let given = try CommandWords(["engine", "logs", "--lines", "5"], root: Flare.self)
        #expect(try given.withOptions(from: ["FLARE_LINES": "3"]) == ["engine", "logs", "--lines", "5"])
        #expect(try plain.withOptions(from: ["FLARE_LINES": ""]) == ["engine", "logs"])
    }

    @Test("a flag that the words turn off is not turned on by the environment")
    func invertedFlag() throws {
        let plain = try CommandWords(["engine", "start"], root: Flare.self)
        #expect(try plain.withOptions(from: ["FLARE_REQUIRE_TLS": "1"]) == ["engine", "start", "--require-tls"])
        let given = try CommandWords(["engine", "start", "--no-require-tls"], root: Flare.self)
        #expect(try given.withOptions(from: ["FLARE_REQUIRE_TLS": "1"]) == ["engine", "start", "--no-require-tls"])
    }
}

@Suite("Tables")
struct TableTests {
    @Test("columns are two spaces apart and the last is not padded")
    func columns() {
        let text = Table.text(["NAME", "SIZE"], [["orders", "1"], ["a", "20"]])
        #expect(text == "NAME    SIZE\norders  1\na       20")
    }

    @Test("an empty list is the header alone")
    func empty() {
        #expect(Table.text(["NAME", "SIZE"], []) == "NAME  SIZE")
    }
}

import FlareModel
import FoundationEssentials
import Testing

@testable import FlareCLI

@Suite("Steps and scripts on the command line")
struct StepTests {
    @Test("any word after step is the name of a command's step, but for the kinds of pauses")
    func names() throws {
        #expect(try CommandWords(["step", "build", "--", "make"], root: Flare.self).path == ["step"])
        #expect(try CommandWords(["step", "sleep", "1h"], root: Flare.self).path == ["step", "sleep"])
    }

    @Test("all words after a script's path are its own")
    func scriptWords() throws {
        func words(_ words: String...) throws -> [String] {
            try CommandWords(["workflows", "run"] + words, root: Flare.self).forScript().words.dropFirst(2).map { $0 }
        }
        #expect(try words("./a.sh", "--id", "x") == ["./a.sh", "--", "--id", "x"])
        #expect(try words("--id", "x", "./a.sh", "-v") == ["--id", "x", "./a.sh", "--", "-v"])
        #expect(try words("--id=x", "--wait", "./a.sh", "b") == ["--id=x", "--wait", "./a.sh", "--", "b"])
        #expect(try words("./a.sh", "--", "b") == ["./a.sh", "--", "b"])
        #expect(try words("./a.sh") == ["./a.sh"])
        #expect(try words("orders", "--params", "./a.json") == ["orders", "--params", "./a.json"])
    }

    @Test("inside a run the variables that tell of it are no options")
    func insideRun() throws {
        let step = try CommandWords(["step", "build", "--", "make"], root: Flare.self)
        let outside = ["FLARE_WORKFLOW": "ci", "FLARE_ID": "1"]
        #expect(
            try step.withOptions(from: outside) == ["step", "build", "--id=1", "--workflow=ci", "--", "make"]
        )
        let inside = ["FLARE_WORKFLOW": "ci", "FLARE_ATTACHMENT": "1", "FLARE_INSTANCE": "x"]
        #expect(try step.withOptions(from: inside) == ["step", "build", "--", "make"])
    }

    @Test("an option of the step's command does not stand for one of the step")
    func commandOptions() throws {
        let step = try CommandWords(["step", "get", "--", "curl", "--retries", "3"], root: Flare.self)
        let words = try step.withOptions(from: ["FLARE_RETRIES": "5"])
        #expect(words == ["step", "get", "--retries=5", "--", "curl", "--retries", "3"])
    }

    @Test(
        "a script's workflow has the name of its file",
        arguments: [
            ("deploy.sh", "deploy"), ("build all.py", "build-all"), (".hidden", "hidden"), ("a.tar.gz", "a-tar"),
        ]
    )
    func workflowName(file: String, name: String) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/flare-script-" + Identifier.hexadecimal()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // Clean-up of a temporary directory: nothing depends on it.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/" + file
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data("#!/bin/sh\n".utf8),
            attributes: [.posixPermissions: 0o700]
        )
        #expect(try ScriptFile(path).workflowName() == name)
    }

    @Test("a recording keeps the order of both streams, joins neighbours, and counts what is over its bound")
    func recording() {
        var recording = OutputRecording(bytesMax: 5)
        recording.append([1, 2], .stdout)
        recording.append([3], .stdout)
        recording.append([4], .stderr)
        recording.append([5, 6, 7], .stdout)
        #expect(
            recording.pieces == [
                ShellOutputBody(stream: .stdout, bytes: Data([1, 2, 3])),
                ShellOutputBody(stream: .stderr, bytes: Data([4])),
                ShellOutputBody(stream: .stdout, bytes: Data([5])),
            ]
        )
        #expect(recording.omittedBytes == 2)
    }

    @Test("a command is shown as one would type it")
    func commandText() {
        #expect(CommandText.text(["echo", "a b", "it's", "", "x=1"]) == #"echo 'a b' 'it'\''s' '' x=1"#)
    }
}

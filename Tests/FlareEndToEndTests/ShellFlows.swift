import FlareModel
import FlareTestSupport
import Foundation

/// Scripts with steps, and how a test watches them.
extension FlareFixture {
    /// Writes an executable script.
    func script(_ name: String, _ text: String) throws {
        let path = try write(name, "#!/bin/bash\n" + text)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// The environment in which scripts find the programs that are tested.
    var scriptEnvironment: [String: String] {
        ["PATH": BuiltPrograms.directory + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")]
    }

    func runScript(_ arguments: String..., input: String = "") async throws -> CommandResult {
        try await run(
            "flare",
            ["workflows", "run"] + arguments,
            input: Array(input.utf8),
            environment: scriptEnvironment
        )
    }

    func startScript(_ arguments: String...) throws -> RunningCommand {
        try start("flare", ["workflows", "run"] + arguments, environment: scriptEnvironment)
    }

    /// A step without a script.
    func step(_ arguments: String...) async throws -> CommandResult {
        try await run("flare", ["step"] + arguments, environment: scriptEnvironment)
    }

    /// What a file below the fixture's directory holds; nil until it is there and not empty.
    func content(_ name: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: directory + "/" + name), !bytes.isEmpty else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits for a process number in a file.
    func pid(_ name: String) async throws -> Int32 {
        try await eventually("\(name) is written") {
            content(name).flatMap { $0.hasSuffix("\n") ? Int32($0.dropLast()) : nil }
        }
    }
}

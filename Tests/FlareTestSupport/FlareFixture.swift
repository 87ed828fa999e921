import FlareModel
import Foundation
import Synchronization

/// A state directory of its own and the built programs: what an end-to-end test works with.
///
/// Engines start on demand as they do for a user, on ports of their own choice. When the test ends the engine is
/// stopped and everything is removed; when the test throws, all commands and the engine's log are printed first.
package final class FlareFixture: Sendable {
    /// Short, because a Unix socket's path must fit into 107 bytes.
    package let directory: String
    package var state: String { directory + "/state" }

    private struct Journal {
        var results: [CommandResult] = []
        var commandCount = 0
        var cleanUps: [@Sendable () async -> Void] = []
    }

    private let journal = Mutex(Journal())

    /// Runs a test with a fixture of its own, and cleans up behind it.
    package static func with<Value: Sendable>(
        _ body: (FlareFixture) async throws -> Value
    ) async throws -> Value {
        let fixture = try FlareFixture()
        do {
            let value = try await body(fixture)
            await fixture.cleanUp()
            return value
        } catch {
            fixture.printTranscript(of: error)
            await fixture.cleanUp()
            throw error
        }
    }

    private init() throws {
        var template = Array("/tmp/flare-XXXXXX\0".utf8CString.dropLast())
        guard mkdtemp(&template) != nil else {
            throw FlareError(.storeFailed, "no temporary directory: \(String(cString: strerror(errno)))")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try FileManager.default.createDirectory(atPath: directory + "/home", withIntermediateDirectories: true)
    }

    /// Runs `flare` with arguments and waits for its end.
    package func run(
        _ arguments: String...,
        input: String = "",
        environment: [String: String] = [:],
        within limit: Duration = .seconds(120)
    ) async throws -> CommandResult {
        try await run("flare", arguments, input: Array(input.utf8), environment: environment, within: limit)
    }

    /// Runs one of the built programs, or another program by its absolute path, and waits for its end.
    package func run(
        _ program: String,
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String] = [:],
        within limit: Duration = .seconds(120)
    ) async throws -> CommandResult {
        let command = try start(program, arguments, input: input, environment: environment)
        let result = try await command.result(within: limit)
        journal.withLock { $0.results.append(result) }
        return result
    }

    /// Starts a program without waiting for it.
    ///
    /// It is killed at the end of the test if it still runs.
    package func start(
        _ program: String,
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String] = [:]
    ) throws -> RunningCommand {
        let number = journal.withLock { journal in
            journal.commandCount += 1
            return journal.commandCount
        }
        let command = try RunningCommand(
            program: program.hasPrefix("/") ? program : BuiltPrograms.path(program),
            arguments: arguments,
            input: input,
            environment: self.environment.merging(environment) { $1 },
            workingDirectory: directory,
            files: directory + "/commands/\(number)"
        )
        onCleanUp { command.signal(SIGKILL) }
        return command
    }

    /// Writes a file below the fixture's directory, making the directories on its way; returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let url = URL(fileURLWithPath: directory + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// Runs `action` at the end of the test, before those that were registered earlier.
    package func onCleanUp(_ action: @escaping @Sendable () async -> Void) {
        journal.withLock { $0.cleanUps.append(action) }
    }

    /// What every command sees: nothing of the caller's but the search path, and output that is the same everywhere.
    private var environment: [String: String] {
        var environment = [
            "FLARE_STATE": state, "HOME": directory + "/home", "NO_COLOR": "1", "COLUMNS": "80", "TZ": "UTC",
        ]
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        return environment
    }

    private func cleanUp() async {
        while let action = journal.withLock({ $0.cleanUps.popLast() }) { await action() }
        await endEngine()
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            print("\(directory) could not be removed: \(error)")
        }
    }

    private func printTranscript(of error: any Error) {
        print("--- the test failed: \(error)")
        for result in journal.withLock({ $0.results }).suffix(30) { print(result) }
        guard let log = FileManager.default.contents(atPath: state + "/engine.log") else { return }
        print("--- the end of engine.log")
        print(String(decoding: log.suffix(8_000), as: UTF8.self))
    }
}

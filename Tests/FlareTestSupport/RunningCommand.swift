import FlareModel
import Foundation
import Synchronization

/// A command that has been started.
///
/// Its output goes to files, so that nothing has to be drained and it can be read while the command runs.
package final class RunningCommand: Sendable {
    private let command: String
    private let process: Process
    private let files: URL
    private let ended: AsyncStream<Int32>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - files: a directory of its own for stdin, stdout and stderr.
    init(
        program: String,
        arguments: [String],
        input: [UInt8],
        environment: [String: String],
        workingDirectory: String,
        files: String
    ) throws {
        self.files = URL(fileURLWithPath: files)
        command = ([URL(fileURLWithPath: program).lastPathComponent] + arguments).joined(separator: " ")
        try FileManager.default.createDirectory(at: self.files, withIntermediateDirectories: true)
        for name in ["stdout", "stderr"] { try Data().write(to: self.files.appendingPathComponent(name)) }
        try Data(input).write(to: self.files.appendingPathComponent("stdin"))

        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: workingDirectory)
        let stdin = try FileHandle(forReadingFrom: self.files.appendingPathComponent("stdin"))
        let stdout = try FileHandle(forWritingTo: self.files.appendingPathComponent("stdout"))
        let stderr = try FileHandle(forWritingTo: self.files.appendingPathComponent("stderr"))
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        let (ended, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.ended = ended
        process.terminationHandler = { process in
            let bySignal = process.terminationReason == .uncaughtSignal
            continuation.yield(process.terminationStatus + (bySignal ? 128 : 0))
            continuation.finish()
        }
        // A shell lets what it runs in the background ignore Ctrl-C, and that is inherited.
        Foundation.signal(SIGINT, SIG_DFL)
        try process.run()
        // Foundation keeps a process that has ended, and with it what it was given. With some 1,360 open
        // descriptors its own reading of /proc/self/fd then runs past the end of a buffer, and crashes.
        for handle in [stdin, stdout, stderr] { try handle.close() }
    }

    package var pid: Int32 { process.processIdentifier }

    /// What it has printed to stdout so far.
    package func outputSoFar() throws -> String {
        String(decoding: try Data(contentsOf: files.appendingPathComponent("stdout")), as: UTF8.self)
    }

    /// Sends a signal, such as SIGINT for Ctrl-C.
    package func signal(_ number: Int32) {
        if process.isRunning { kill(pid, number) }
    }

    /// Waits until it ends; kills it when it does not within `limit`, which shows as status 137.
    ///
    /// To be called once.
    package func result(within limit: Duration = .seconds(120)) async throws -> CommandResult {
        let status = await withBound(limit) { [self] in
            signal(SIGKILL)
        } _: {
            await ended.first { _ in true } ?? 137
        }
        return CommandResult(
            command: command,
            status: status,
            stdoutBytes: Array(try Data(contentsOf: files.appendingPathComponent("stdout"))),
            stderr: String(decoding: try Data(contentsOf: files.appendingPathComponent("stderr")), as: UTF8.self)
        )
    }
}

import FlareModel
import FoundationEssentials
import Glibc

/// Runs a tool to its end, with its output kept.
struct ToolRun: Sendable {
    var status: Int32
    var output: String

    /// Output and errors go to one file beside the build, so that no pipe can fill up.
    ///
    /// - Parameter dataBytesMax: the memory that it may take, or 0 for any.
    /// - Throws: `deadlineExceeded` when the tool is killed because it takes too long.
    static func run(
        _ path: String,
        _ arguments: [String],
        directory: String? = nil,
        environment: [String: String],
        outputFile: String,
        timeout: Duration,
        dataBytesMax: UInt64 = 0,
        spawner: ChildSpawner
    ) async throws -> ToolRun {
        let descriptor = open(outputFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw FlareError(.storeFailed, "\(outputFile) cannot be written: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let pid = try await spawner.spawn(
            .init(
                path: path,
                arguments: arguments,
                environment: environment,
                directory: directory,
                standardOutput: descriptor,
                standardError: descriptor,
                dataBytesMax: dataBytesMax
            )
        )
        let status = try await wait(for: pid, name: path, timeout: timeout, spawner: spawner)
        let output = (try? Data(contentsOf: URL(filePath: outputFile))) ?? Data()
        unlink(outputFile)
        return ToolRun(status: status, output: String(decoding: output, as: UTF8.self))
    }

    private static func wait(
        for pid: pid_t,
        name: String,
        timeout: Duration,
        spawner: ChildSpawner
    ) async throws -> Int32 {
        try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask { try await spawner.wait(for: pid) }
            group.addTask {
                // Ends early, by cancellation, when the tool has ended.
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // Only here is the child surely not reaped yet, so that its pid cannot belong to another process.
            kill(-pid, SIGKILL)
            _ = try await group.next()
            throw FlareError(.deadlineExceeded, "\(name) did not end within \(timeout.components.seconds) seconds")
        }
    }
}

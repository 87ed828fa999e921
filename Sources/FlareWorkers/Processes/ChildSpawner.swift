import CFlareProcess
import FlareModel
import Glibc
import NIOCore
import NIOPosix

/// Creates child processes, always from the same thread, and waits for their end on others.
///
/// Children are tied to the thread that makes them (`PR_SET_PDEATHSIG`), so that none outlives the engine, not even
/// after kill -9. The thread lives until `stop`.
final class ChildSpawner: Sendable {
    private let spawning = NIOThreadPool(numberOfThreads: 1)
    private let waiting = NIOThreadPool(numberOfThreads: 8)

    init() {
        spawning.start()
        waiting.start()
    }

    /// What to start.
    ///
    /// Descriptors are the parent's; nil is /dev/null.
    struct Command: Sendable {
        var path: String
        /// Without the program's own name.
        var arguments: [String]
        var environment: [String: String]
        var directory: String?
        var standardInput: Int32?
        var standardOutput: Int32?
        var standardError: Int32?
        /// Becomes the child's descriptor 3.
        var extra: Int32?
        /// RLIMIT_DATA, or 0 for none.
        var dataBytesMax: UInt64 = 0
    }

    /// Starts a child in a session of its own.
    ///
    /// Throws `toolMissing` when the program cannot be executed.
    func spawn(_ command: Command) async throws -> pid_t {
        let pid = try await spawning.runIfActive { Self.spawnHere(command) }
        guard pid > 0 else {
            let reason = String(cString: strerror(-pid))
            throw FlareError(.toolMissing, "\(command.path) cannot be started: \(reason)")
        }
        return pid
    }

    /// Waits for a child's end.
    ///
    /// Returns its exit status, or 256 + the signal that ended it.
    func wait(for pid: pid_t) async throws -> Int32 {
        try await waiting.runIfActive { flare_wait(pid) }
    }

    /// As `wait`, for callers on an event loop.
    func wait(for pid: pid_t, on eventLoop: any EventLoop) -> EventLoopFuture<Int32> {
        waiting.runIfActive(eventLoop: eventLoop) { flare_wait(pid) }
    }

    /// Ends the threads; children that still live are killed by the kernel.
    func stop() async {
        // In this order: the end of the first thread ends the children that the others wait for. Shutting down twice is
        // the only error, and harmless.
        try? await spawning.shutdownGracefully()
        try? await waiting.shutdownGracefully()
    }

    private static func spawnHere(_ command: Command) -> pid_t {
        withCStrings([command.path] + command.arguments) { arguments in
            withCStrings(command.environment.map { "\($0.key)=\($0.value)" }) { environment in
                withOptionalCString(command.directory) { directory in
                    command.path.withCString { path in
                        var options = flare_spawn_options(
                            path: path,
                            arguments: arguments,
                            environment: environment,
                            directory: directory,
                            standard_input: command.standardInput ?? -1,
                            standard_output: command.standardOutput ?? -1,
                            standard_error: command.standardError ?? -1,
                            extra: command.extra ?? -1,
                            data_limit_bytes: command.dataBytesMax,
                            dies_with_thread: 1
                        )
                        return flare_spawn(&options)
                    }
                }
            }
        }
    }
}

/// A NULL-terminated list of C strings for the length of `body`.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the list has its final NULL") }
        return body(base)
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}

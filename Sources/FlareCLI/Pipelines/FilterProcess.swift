import CFlareProcess
import FlareModel
import FoundationEssentials
import Glibc
import Synchronization

/// A program that makes bytes of bytes: all its input is there before it starts, and its output is read when it has
/// ended, both in nameless files, so that neither side ever waits for the other.
struct FilterProcess: Sendable {
    struct Output {
        /// The exit status; 256 and the number of the signal that ended it.
        let status: Int32
        let output: [UInt8]
        let error: [UInt8]
    }

    let program: String
    let arguments: [String]

    /// The path of a program that is found as the shell finds it; nil when there is none.
    static func find(_ name: String) -> String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return directories.map { "\($0)/\(name)" }.first { $0.hasPrefix("/") && access($0, X_OK) == 0 }
    }

    /// Runs the program to its end.
    ///
    /// When the task is cancelled it gets SIGTERM.
    func run(_ input: [UInt8]) async throws -> Output {
        let (standardInput, standardOutput, standardError) = (try file(), try file(), try file())
        defer { for descriptor in [standardInput, standardOutput, standardError] { close(descriptor) } }
        try write(input, to: standardInput)
        let pid = spawn(standardInput, standardOutput, standardError)
        guard pid > 0 else {
            throw FlareError(.internalError, "\(program) could not be started: \(String(cString: strerror(-pid)))")
        }
        // Once the process is reaped, its number may be another's: no signal may be sent then.
        let running = Mutex(true)
        let status = await withTaskCancellationHandler {
            // Blocks this thread; the command has nothing else to do until the program ends.
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            running.withLock { $0 = false }
            return flare_wait(pid)
        } onCancel: {
            running.withLock { isRunning in
                if isRunning { kill(-pid, SIGTERM) }
            }
        }
        try Task.checkCancellation()
        guard status >= 0 else {
            throw FlareError(.internalError, "\(program) was lost: \(String(cString: strerror(-status)))")
        }
        return Output(status: status, output: try read(standardOutput), error: try read(standardError))
    }

    private func spawn(_ input: Int32, _ output: Int32, _ error: Int32) -> pid_t {
        let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
        return CStrings.with([program] + arguments) { arguments in
            CStrings.with(environment) { environment in
                program.withCString { path in
                    var options = flare_spawn_options(
                        path: path,
                        arguments: arguments,
                        environment: environment,
                        directory: nil,
                        standard_input: input,
                        standard_output: output,
                        standard_error: error,
                        extra: -1,
                        data_limit_bytes: 0,
                        dies_with_thread: 0
                    )
                    return flare_spawn(&options)
                }
            }
        }
    }

    private func file() throws -> Int32 {
        let directory = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array((directory + "/flare-filter-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw Self.failure("no temporary file could be made") }
        unlink(template)
        return file
    }

    private func write(_ bytes: [UInt8], to file: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("a temporary file could not be written") }
            rest = rest.dropFirst(count)
        }
        lseek(file, 0, SEEK_SET)
    }

    private func read(_ file: Int32) throws -> [UInt8] {
        lseek(file, 0, SEEK_SET)
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("a temporary file could not be read") }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    private static func failure(_ what: String) -> FlareError {
        FlareError(.diskFull, "\(what): \(String(cString: strerror(errno)))")
    }
}

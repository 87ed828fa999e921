import CFlareProcess
import FlareModel
import FoundationEssentials
import Glibc
import Synchronization

/// A command of the user, run by `/bin/sh -c` with bytes on its stdin and flare's stdout and stderr.
struct ShellCommand {
    /// How it ended.
    enum End: Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let status): "ended with status \(status)"
            case .signalled(let number): "was ended by signal \(number)"
            }
        }
    }

    private let command: String
    private let input: [UInt8]
    private let environment: [String: String]

    /// `environment` is added to flare's own.
    init(_ command: String, input: [UInt8], environment: [String: String]) {
        self.command = command
        self.input = input
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// Runs the command to its end.
    ///
    /// When the task is cancelled, the command and its children get SIGTERM.
    func run() async throws -> End {
        let file = try inputFile()
        let pid = spawn(input: file)
        close(file)
        guard pid > 0 else {
            throw FlareError(.internalError, "/bin/sh could not be started: \(String(cString: strerror(-pid)))")
        }
        // Once the process is reaped, its number may be another's: no signal may be sent then.
        let running = Mutex(true)
        return try await withTaskCancellationHandler {
            // Blocks this thread; a command line has nothing else to do until the command ends.
            let result = waitWithoutReaping(pid)
            running.withLock { $0 = false }
            let status = flare_wait(pid)
            guard result == 0, status >= 0 else {
                let reason = String(cString: strerror(-min(result, status)))
                throw FlareError(.internalError, "the command could not be waited for: \(reason)")
            }
            return status < 256 ? .exited(status) : .signalled(status - 256)
        } onCancel: {
            running.withLock { isRunning in
                // Its own session, so that the group is the command and all that it has started.
                if isRunning { kill(-pid, SIGTERM) }
            }
        }
    }

    private func waitWithoutReaping(_ pid: pid_t) -> Int32 {
        var info = siginfo_t()
        while true {
            if waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == 0 { return 0 }
            guard errno == EINTR else { return -errno }
        }
    }

    private func spawn(input: Int32) -> pid_t {
        func withStrings<Result>(
            _ strings: [String],
            _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
        ) -> Result {
            let copies = strings.map { strdup($0) } + [nil]
            defer { for copy in copies { free(copy) } }
            return copies.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { preconditionFailure("a list with its end is never empty") }
                return body(base)
            }
        }
        return withStrings(["/bin/sh", "-c", command]) { arguments in
            withStrings(environment.map { "\($0)=\($1)" }) { environment in
                "/bin/sh".withCString { path in
                    var options = flare_spawn_options(
                        path: path,
                        arguments: arguments,
                        environment: environment,
                        directory: nil,
                        standard_input: input,
                        standard_output: STDOUT_FILENO,
                        standard_error: STDERR_FILENO,
                        extra: -1,
                        data_limit_bytes: 0,
                        dies_with_thread: 0
                    )
                    return flare_spawn(&options)
                }
            }
        }
    }

    /// The input as a nameless file: unlike a pipe, it takes all bytes at once, read or not.
    ///
    /// The child gets it and no other descriptor.
    private func inputFile() throws -> Int32 {
        var template = Array(((environment["TMPDIR"] ?? "/tmp") + "/flare-message-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else {
            throw FlareError(.internalError, "no temporary file could be made: \(String(cString: strerror(errno)))")
        }
        unlink(template)
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                close(file)
                throw FlareError(.diskFull, "the body could not be written to a temporary file: \(reason)")
            }
            rest = rest.dropFirst(count)
        }
        lseek(file, 0, SEEK_SET)
        return file
    }
}

import CFlareProcess
import FlareModel
import FoundationEssentials
import Glibc
import Synchronization

/// The command of `consume --exec` on one message: `/bin/sh -c` with the body on its stdin and flare's stdout.
///
/// What it writes to stderr is passed on; the last line of it is kept, as it mostly says why a command failed.
final class MessageCommand: Sendable {
    enum End: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// How it ended, and the last line that it wrote to stderr.
    struct Result: Sendable {
        let end: End
        let lastErrorLine: String?

        /// Why it failed, as it is kept with the message.
        var reason: String {
            let what =
                switch end {
                case .exited(let status): "the command ended with status \(status)"
                case .signalled(let number): "the command was ended by signal \(number)"
                }
            return lastErrorLine.map { "\(what): \($0)" } ?? what
        }
    }

    private let command: String
    private let input: [UInt8]
    private let environment: [String: String]
    /// The process while signals may be sent to it: once reaped, its number may be another's.
    private let running = Mutex<pid_t?>(nil)

    /// `environment` is added to flare's own.
    init(_ command: String, input: [UInt8], environment: [String: String]) {
        self.command = command
        self.input = input
        self.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }

    /// Sends a signal to the command and all that it has started.
    func signal(_ number: Int32) {
        running.withLock { pid in
            // It leads a session of its own.
            if let pid { kill(-pid, number) }
        }
    }

    /// Runs the command to its end on a thread of its own.
    ///
    /// The command does not outlive flare.
    func run() async throws -> Result {
        try await JobThread.run { try self.runHere() }
    }

    private func runHere() throws -> Result {
        var pipe: [Int32] = [0, 0]
        guard flare_pipe(&pipe) == 0 else { throw FlareError(.internalError, "no pipe could be made") }
        defer { close(pipe[0]) }
        let pid: pid_t
        do {
            let file = try inputFile()
            pid = spawn(input: file, error: pipe[1])
            close(file)
            close(pipe[1])
        } catch {
            close(pipe[1])
            throw error
        }
        guard pid > 0 else {
            throw FlareError(.internalError, "/bin/sh could not be started: \(String(cString: strerror(-pid)))")
        }
        running.withLock { $0 = pid }
        var tail: [UInt8] = []
        let process = flare_pidfd_open(pid)
        pass(from: pipe[0], until: process, &tail)
        if process >= 0 { close(process) }
        waitWithoutReaping(pid)
        running.withLock { $0 = nil }
        let status = flare_wait(pid)
        guard status >= 0 else {
            throw FlareError(.internalError, "the command was lost: \(String(cString: strerror(-status)))")
        }
        return Result(
            end: status < 256 ? .exited(status) : .signalled(status - 256),
            lastErrorLine: Self.lastLine(tail)
        )
    }

    /// Passes stderr on until the command has ended; what it left running in the background may hold it open longer.
    private func pass(from error: Int32, until process: Int32, _ tail: inout [UInt8]) {
        var isOpen = true
        var hasEnded = process < 0
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while isOpen {
            var polls = [
                pollfd(fd: error, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasEnded ? -1 : process, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polls, 2, hasEnded && process >= 0 ? 0 : -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            if polls[1].revents != 0 { hasEnded = true }
            guard polls[0].revents != 0 else { continue }
            let length = read(error, &buffer, buffer.count)
            if length < 0, errno == EINTR { continue }
            isOpen = length > 0
            guard isOpen else { return }
            tail += buffer[..<length]
            if tail.count > 4_096 { tail.removeFirst(tail.count - 4_096) }
            _ = JobLoop.write(buffer[..<length], to: 2)
        }
    }

    private func waitWithoutReaping(_ pid: pid_t) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// The last line that is not blank, without control characters, cut to what a reason may hold.
    static func lastLine(_ bytes: [UInt8]) -> String? {
        let line = bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
            .last { $0.contains { $0 > 0x20 } }
        guard let line else { return nil }
        let text = String(decoding: line.filter { $0 >= 0x20 && $0 != 0x7F }, as: UTF8.self)
        return text.count > 300 ? text.prefix(299) + "…" : text
    }

    private func spawn(input: Int32, error: Int32) -> pid_t {
        CStrings.with(["/bin/sh", "-c", command]) { arguments in
            CStrings.with(environment.map { "\($0)=\($1)" }) { environment in
                "/bin/sh".withCString { path in
                    var options = flare_spawn_options(
                        path: path,
                        arguments: arguments,
                        environment: environment,
                        directory: nil,
                        standard_input: input,
                        standard_output: STDOUT_FILENO,
                        standard_error: error,
                        extra: -1,
                        data_limit_bytes: 0,
                        dies_with_thread: 1
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

extension QueueMessageBody {
    /// What a command learns of its message.
    func environment(queue: String) -> [String: String] {
        var variables = [
            "FLARE_QUEUE": queue,
            "FLARE_MESSAGE_ID": id,
            "FLARE_MESSAGE_ATTEMPTS": "\(attempts)",
            "FLARE_MESSAGE_TIMESTAMP": timestamp.text,
            "FLARE_MESSAGE_CONTENT_TYPE": contentType,
        ]
        variables["FLARE_LEASE_ID"] = leaseID
        // Of a dead letter.
        variables["FLARE_MESSAGE_ORIGIN_QUEUE"] = originQueue
        variables["FLARE_MESSAGE_REASON"] = reason
        return variables
    }

    /// The names of all of them, which are no options of the flare commands that such a command runs.
    static let environmentNames: Set<String> = [
        "FLARE_QUEUE", "FLARE_MESSAGE_ID", "FLARE_MESSAGE_ATTEMPTS", "FLARE_MESSAGE_TIMESTAMP",
        "FLARE_MESSAGE_CONTENT_TYPE", "FLARE_LEASE_ID", "FLARE_MESSAGE_ORIGIN_QUEUE", "FLARE_MESSAGE_REASON",
    ]
}

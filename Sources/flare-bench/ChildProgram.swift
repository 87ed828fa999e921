import FlareModel
import FoundationEssentials
import Glibc

/// Another program that takes part in a measurement: found on the search path, run, and ended with it.
struct ChildProgram: Sendable {
    let path: String

    /// The program with a path; nil when there is none that may be run.
    init?(path: String) {
        guard access(path, X_OK) == 0 else { return nil }
        self.path = path
    }

    /// Nil when it is not installed.
    init?(_ name: String) {
        let search = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        // Servers lie outside of the search path of most users.
        let candidates = (search + ["/usr/sbin", "/usr/local/sbin"]).map { $0 + "/" + name }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
        self.path = path
    }

    /// Starts it in this process's group, so that Ctrl-C ends both.
    ///
    /// - Parameter output: the file that takes what it prints.
    func start(_ arguments: [String], output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let pointers = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child = pid_t()
        let error = posix_spawn(&child, path, &actions, nil, pointers, environ)
        guard error == 0 else {
            throw FlareError(.toolMissing, "\(path) did not start: \(String(cString: strerror(error)))")
        }
        return child
    }

    /// Runs it to its end; throws with what it printed when it fails.
    func run(_ arguments: [String], output: String) throws {
        let status = Self.wait(for: try start(arguments, output: output))
        guard status == 0 else {
            throw FlareError(.runFailed, "\(path) failed: \(Self.text(of: output))")
        }
    }

    /// The wait status of a child that has ended.
    @discardableResult
    static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status
    }

    /// Whether a child has ended that is not waited for yet.
    static func hasEnded(_ child: pid_t) -> Bool {
        var information = siginfo_t()
        guard waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return information.si_signo != 0
    }

    /// The end of what a program printed.
    static func text(of output: String) -> String {
        let bytes = FileManager.default.contents(atPath: output) ?? Data()
        return String(decoding: bytes.suffix(1_000), as: UTF8.self)
    }
}

/// A directory that is removed with all that is in it.
enum TemporaryDirectory {
    static func with<Value: Sendable>(_ body: (String) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/flare-bench-" + Identifier.hexadecimal().prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(path))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: path)
        return try result.get()
    }
}

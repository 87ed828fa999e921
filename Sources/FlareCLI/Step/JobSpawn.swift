import CFlareProcess
import FlareModel
import FoundationEssentials
import Glibc

/// How a job is found and started.
enum JobSpawn {
    /// The path of a program, found as a shell finds it.
    ///
    /// Throws what a shell says, with its status: 127 when there is none, 126 when it cannot be run.
    static func find(_ name: String) throws(Missing) -> String {
        if name.contains("/") {
            if access(name, F_OK) != 0 { throw Missing(status: 127, message: "\(name): no such file") }
            if access(name, X_OK) != 0 { throw Missing(status: 126, message: "\(name): not executable") }
            return name
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in path.split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = directory.isEmpty ? name : "\(directory)/\(name)"
            if !name.isEmpty, isFile(candidate), access(candidate, X_OK) == 0 { return candidate }
        }
        throw Missing(status: 127, message: "\(name): command not found")
    }

    /// A program that cannot be run, with the status that a shell gives it.
    struct Missing: Error {
        var status: Int32
        var message: String
    }

    static func isFile(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
    }

    /// Starts a job; its pid, or the negative error number.
    static func spawn(_ settings: Job.Settings, output: Int32, error: Int32) -> pid_t {
        let pid = spawn(settings, path: settings.path, leading: settings.leading, output, error)
        // A script without a first line that names its interpreter is one for the shell.
        guard pid == -ENOEXEC else { return pid }
        let leading = ["/bin/sh", settings.path] + settings.leading.dropFirst()
        return spawn(settings, path: "/bin/sh", leading: leading, output, error)
    }

    private static func spawn(
        _ settings: Job.Settings,
        path: String,
        leading: [String],
        _ output: Int32,
        _ error: Int32
    ) -> pid_t {
        let copies = leading.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        // The words as they came: text that is not UTF-8 would be changed on its way through a String.
        let words = CommandLine.unsafeArgv + Int(CommandLine.argc) - settings.trailingCount
        let arguments = copies + (0..<settings.trailingCount).map { words[$0] } + [nil]
        return arguments.withUnsafeBufferPointer { arguments in
            path.withCString { path in
                guard let base = arguments.baseAddress else { return -EINVAL }
                var options = flare_spawn_options(
                    path: path,
                    arguments: base,
                    environment: environ,
                    directory: nil,
                    standard_input: fcntl(0, F_GETFD) >= 0 ? 0 : -1,
                    standard_output: fcntl(output, F_GETFD) >= 0 ? output : -1,
                    standard_error: fcntl(error, F_GETFD) >= 0 ? error : -1,
                    extra: -1,
                    data_limit_bytes: 0,
                    dies_with_thread: 0
                )
                var job = flare_job_options(has_group: settings.hasGroup ? 1 : 0, death_signal: SIGTERM)
                return flare_spawn_job(&options, &job)
            }
        }
    }

    static func failure(_ path: String, _ code: Int32) -> FlareError {
        FlareError(
            code == ENOENT || code == ENOTDIR ? .fileNotFound : .permissionDenied,
            "\(path) could not be started: \(String(cString: strerror(code)))",
            hint: code == ENOENT ? "is the interpreter in its first line there?" : nil
        )
    }

    /// The processes that a process has started, and those that they have, as far as they have not been left alone.
    static func descendants(of pid: pid_t) -> [pid_t] {
        guard let text = FileManager.default.contents(atPath: "/proc/\(pid)/task/\(pid)/children") else { return [] }
        let children = String(decoding: text, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        return children.flatMap { descendants(of: $0) + [$0] }
    }
}

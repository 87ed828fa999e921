import CFlareProcess
package import FlareModel
import FoundationEssentials
import Glibc

/// Finds the engine of a state directory, and starts one when none runs.
package struct EngineLauncher: Sendable {
    package let state: StateDirectory
    /// The path of `flare-engine`.
    package let program: String

    /// How long a start may take before the command gives up, in milliseconds.
    ///
    /// Long, since the end of an engine that fails is seen at once: it is a slow machine, or much to recover, that is
    /// waited for.
    private static let startTimeoutMilliseconds: Int32 = 30_000

    /// - Parameter environment: `FLARE_ENGINE` names the engine's program; otherwise it lies beside this one.
    package init(state: StateDirectory, environment: [String: String]) {
        self.state = state
        program = environment["FLARE_ENGINE"] ?? Self.directoryOfThisProgram() + "/flare-engine"
    }

    /// What `engine.json` says, or nil when no engine has been ready here.
    ///
    /// The engine may be gone by now.
    package func recordedInfo() -> EngineInfo? {
        guard let bytes = FileManager.default.contents(atPath: state.info) else { return nil }
        return try? FlareJSON.decode(EngineInfo.self, from: bytes)
    }

    /// The running engine, or nil when none listens.
    ///
    /// Never waits for one that listens and takes no connections.
    package func running() -> EngineInfo? {
        guard let info = recordedInfo(), isListening(info.socketPath) else { return nil }
        return info
    }

    /// The running engine, started when there is none.
    ///
    /// `started` tells which.
    ///
    /// Two commands that start at once agree by a lock file; an engine that somebody else starts or stops meanwhile is
    /// waited for. Throws what kept the engine from starting.
    package func ensureRunning(extraArguments: [String] = []) throws -> (info: EngineInfo, started: Bool) {
        if let info = running() { return (info, false) }
        try createStateDirectory()
        let deadline = ContinuousClock.now + .milliseconds(Int(Self.startTimeoutMilliseconds))
        let lock = open(state.path + "/start.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.unwritable(state.path) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 && errno == EINTR {}
        if let info = running() { return (info, false) }
        while true {
            do {
                try start(extraArguments)
                break
            } catch let error as FlareError where error.code == .stateInUse && ContinuousClock.now < deadline {
                // Another one is starting or stopping, as under a service manager.
                usleep(50_000)
                if let info = running() { return (info, false) }
            }
        }
        guard let info = running() else {
            throw FlareError(.engineUnavailable, "the engine stopped right after its start", hint: "see \(state.log)")
        }
        return (info, true)
    }

    private func createStateDirectory() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: state.path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw Self.unwritable(state.path)
        }
    }

    private static func unwritable(_ path: String) -> FlareError {
        FlareError(
            .permissionDenied,
            "the state directory \(path) cannot be written",
            hint: "choose another with --state DIR or FLARE_STATE"
        )
    }

    /// Whether something listens on the socket.
    private func isListening(_ path: String) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count <= Limits.socketPathBytesMax else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                // EAGAIN: as many connections as may wait are waiting already, as at an engine that hangs.
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 || errno == EAGAIN
            }
        }
    }

    /// Starts the engine in a session of its own and waits for its word on a pipe: `ready`, or the error's JSON.
    private func start(_ extraArguments: [String]) throws {
        guard access(program, X_OK) == 0 else {
            throw FlareError(
                .engineUnavailable,
                "the program flare-engine is not at \(program)",
                hint: "install it beside flare, or name it with FLARE_ENGINE"
            )
        }
        var ends: [Int32] = [0, 0]
        guard flare_pipe(&ends) == 0 else { throw FlareError(.internalError, "no pipe could be made") }
        defer { close(ends[0]) }
        let pid = spawn(
            [program, "--state", state.path, "--ready-descriptor", "3"] + extraArguments,
            readyDescriptor: ends[1]
        )
        close(ends[1])
        guard pid > 0 else {
            throw FlareError(.engineUnavailable, "\(program) did not start: \(String(cString: strerror(-pid)))")
        }
        let word = try readWord(ends[0])
        if word == "ready" { return }
        guard let error = try? FlareJSON.decode(EnvelopeError.self, from: word.utf8) else {
            throw FlareError(.engineUnavailable, "the engine did not start", hint: "see \(state.log)")
        }
        // It ends with that word; a command that starts many until one is taken must not keep them all.
        while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
        throw error.flareError
    }

    private func spawn(_ arguments: [String], readyDescriptor: Int32) -> pid_t {
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { pointers in
            program.withCString { path in
                guard let arguments = pointers.baseAddress else { return -EINVAL }
                var options = flare_spawn_options(
                    path: path,
                    arguments: arguments,
                    environment: environ,
                    directory: nil,
                    standard_input: -1,
                    standard_output: -1,
                    standard_error: -1,
                    extra: readyDescriptor,
                    data_limit_bytes: 0,
                    dies_with_thread: 0
                )
                return flare_spawn(&options)
            }
        }
    }

    /// Reads until the engine closes its end, at most as long as a start may take.
    private func readWord(_ descriptor: Int32) throws -> String {
        var bytes: [UInt8] = []
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, Self.startTimeoutMilliseconds)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else {
                throw FlareError(
                    .engineUnavailable,
                    "the engine was not ready within \(Self.startTimeoutMilliseconds / 1000) s",
                    hint: "see \(state.log)"
                )
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
        }
    }

    private static func directoryOfThisProgram() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}

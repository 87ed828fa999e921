import FoundationEssentials

/// The layout of a state directory: everything that one engine owns.
package struct StateDirectory: Sendable, Hashable {
    /// Absolute path, without a final slash.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var database: String { path + "/flare.db" }
    package var streams: String { path + "/streams" }
    package var objects: String { path + "/objects" }
    package var workers: String { path + "/workers" }
    package var runtime: String { path + "/runtime" }
    /// The local certificate authority.
    package var tls: String { path + "/tls" }
    package var lock: String { path + "/engine.lock" }
    package var info: String { path + "/engine.json" }
    package var log: String { path + "/engine.log" }
    /// Where the control socket lies unless the path is too long for a socket address.
    package var socket: String { path + "/engine.sock" }

    /// Finds the directory: `--state`, then `FLARE_STATE`, then the nearest `.flare` upwards from the working
    /// directory, then `$XDG_STATE_HOME/flare` (by default `~/.local/state/flare`).
    package static func resolve(
        flag: String?,
        environment: [String: String],
        workingDirectory: String
    ) -> StateDirectory {
        func absolute(_ path: String) -> StateDirectory {
            let full = path.hasPrefix("/") ? path : workingDirectory + "/" + path
            let standard = URL(filePath: full).standardized.path
            let hasFinalSlash = standard.count > 1 && standard.hasSuffix("/")
            return StateDirectory(path: hasFinalSlash ? String(standard.dropLast()) : standard)
        }
        if let flag, !flag.isEmpty { return absolute(flag) }
        if let variable = environment["FLARE_STATE"], !variable.isEmpty { return absolute(variable) }
        var directory = workingDirectory
        while true {
            var isDirectory = false
            let candidate = (directory == "/" ? "" : directory) + "/.flare"
            if FileManager.default.fileExists(atPath: candidate, isDirectory: &isDirectory), isDirectory {
                return StateDirectory(path: candidate)
            }
            guard directory != "/", let slash = directory.lastIndex(of: "/") else { break }
            directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return absolute(state + "/flare") }
        return absolute((environment["HOME"] ?? "/tmp") + "/.local/state/flare")
    }
}

/// What a running engine writes to `engine.json`, once it is ready: how to reach it.
package struct EngineInfo: Codable, Sendable, Hashable {
    package var pid: Int32
    package var version: String
    package var startedAt: Timestamp
    package var socketPath: String
    package var controlPort: Int
    package var ingestPort: Int
    package var kafkaPort: Int
    /// Where S3 clients connect; nil in an engine without that door.
    package var s3Port: Int?
    /// What the TLS doors use: `local` for the local authority, `certificate` for the user's; nil in an engine without
    /// TLS.
    package var tls: String?

    package init(
        pid: Int32,
        version: String,
        startedAt: Timestamp,
        socketPath: String,
        controlPort: Int,
        ingestPort: Int,
        kafkaPort: Int,
        s3Port: Int? = nil,
        tls: String? = nil
    ) {
        self.pid = pid
        self.version = version
        self.startedAt = startedAt
        self.socketPath = socketPath
        self.controlPort = controlPort
        self.ingestPort = ingestPort
        self.kafkaPort = kafkaPort
        self.s3Port = s3Port
        self.tls = tls
    }
}

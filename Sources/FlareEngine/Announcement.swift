import FlareModel
import FlareStore
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Writes `engine.json` and says "ready" when all doors listen.
final class Announcement: Sendable {
    let socketPath: String
    private let state: StateDirectory
    private let time: any TimeSource
    private let readiness: Readiness
    private let logger: Logger
    private let announced: Mutex<EngineInfo>

    init(state: StateDirectory, time: any TimeSource, readiness: Readiness, logger: Logger) {
        self.state = state
        self.time = time
        self.readiness = readiness
        self.logger = logger
        socketPath = Self.socketPath(for: state)
        announced = Mutex(
            EngineInfo(
                pid: getpid(),
                version: FlareVersion.current,
                startedAt: time.now(),
                socketPath: socketPath,
                controlPort: 0,
                ingestPort: 0
            )
        )
    }

    var info: EngineInfo { announced.withLock { $0 } }

    func announce(controlPort: Int, ingestPort: Int, database: Database) {
        let info = announced.withLock { info in
            info.controlPort = controlPort
            info.ingestPort = ingestPort
            return info
        }
        do {
            try Data(FlareJSON.encode(info, pretty: true)).write(to: URL(filePath: state.info), options: .atomic)
        } catch {
            // Nobody could find this engine: end it, as a start that failed.
            readiness.failed(FlareError(.storeFailed, "\(state.info) cannot be written", cause: error))
            kill(getpid(), SIGTERM)
            return
        }
        database.write({ transaction in
            try EngineSettingsRecord.set("control", controlPort, in: transaction)
            try EngineSettingsRecord.set("ingest", ingestPort, in: transaction)
        }) { [logger] result in
            guard case .failure(let error) = result else { return }
            logger.warning("the ports could not be kept for the next start", metadata: ["error": "\(error)"])
        }
        logger.info(
            "started",
            metadata: ["version": "\(info.version)", "control": "\(controlPort)", "ingest": "\(ingestPort)"]
        )
        readiness.ready()
    }

    /// In the state directory, or where that path is too long for a socket address, in the runtime directory.
    private static func socketPath(for state: StateDirectory) -> String {
        if state.socket.utf8.count <= Limits.socketPathBytesMax { return state.socket }
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? "/tmp"
        return "\(runtime)/flare-\(getuid())-\(getpid()).sock"
    }
}

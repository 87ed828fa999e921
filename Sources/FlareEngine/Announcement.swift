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

    /// - Parameter tls: what the TLS doors use, as `engine.json` says it.
    init(state: StateDirectory, time: any TimeSource, tls: String, readiness: Readiness, logger: Logger) {
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
                ingestPort: 0,
                kafkaPort: 0,
                tls: tls
            )
        )
    }

    var info: EngineInfo { announced.withLock { $0 } }

    func announce(_ ports: Doors.Ports, database: Database) {
        let info = announced.withLock { info in
            info.controlPort = ports.control
            info.ingestPort = ports.ingest
            info.kafkaPort = ports.kafka
            info.s3Port = ports.s3
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
            try EngineSettingsRecord.set("control", ports.control, in: transaction)
            try EngineSettingsRecord.set("ingest", ports.ingest, in: transaction)
            try EngineSettingsRecord.set("kafka", ports.kafka, in: transaction)
            try EngineSettingsRecord.set("s3", ports.s3, in: transaction)
        }) { [logger] result in
            guard case .failure(let error) = result else { return }
            logger.warning("the ports could not be kept for the next start", metadata: ["error": "\(error)"])
        }
        logger.info(
            "started",
            metadata: [
                "version": "\(info.version)", "control": "\(ports.control)", "ingest": "\(ports.ingest)",
                "kafka": "\(ports.kafka)", "s3": "\(ports.s3)",
            ]
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

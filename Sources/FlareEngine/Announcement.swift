import FlareGateway
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
    private let tls: TLSSettings
    private let readiness: Readiness
    private let logger: Logger
    private let announced: Mutex<EngineInfo>

    init(state: StateDirectory, time: any TimeSource, tls: TLSSettings, readiness: Readiness, logger: Logger) {
        self.state = state
        self.time = time
        self.tls = tls
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
                tls: tls.identity.kind
            )
        )
    }

    var info: EngineInfo { announced.withLock { $0 } }

    /// Keeps what this engine was started with for later starts, and is ready once that is on disk.
    func announce(_ ports: Doors.Ports, database: Database) {
        let info = announced.withLock { info in
            info.controlPort = ports.control
            info.ingestPort = ports.ingest
            info.kafkaPort = ports.kafka
            info.s3Port = ports.s3
            return info
        }
        do {
            try Self.write(FlareJSON.encode(info, pretty: true), to: state.info)
        } catch {
            // Nobody could find this engine.
            fail(FlareError(.storeFailed, "\(state.info) cannot be written", cause: error))
            return
        }
        database.write({ [tls] transaction in
            try EngineSettingsRecord.set("control", ports.control, in: transaction)
            try EngineSettingsRecord.set("ingest", ports.ingest, in: transaction)
            try EngineSettingsRecord.set("kafka", ports.kafka, in: transaction)
            try EngineSettingsRecord.set("s3", ports.s3, in: transaction)
            try tls.choice?.keep(in: transaction)
        }) { [self] result in
            if case .failure(let error) = result {
                // The next start would offer something else than was asked for.
                if tls.choice != nil {
                    return fail(FlareError(.storeFailed, "the choice of TLS could not be kept", cause: error))
                }
                logger.warning("the ports could not be kept for the next start", metadata: ["error": "\(error)"])
            }
            ready(info, ports)
        }
    }

    /// A full disk may have no room for a second file: then the words of the last engine are replaced in their place,
    /// so that there is an engine by which room can be made.
    private static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw error }
            defer { close(descriptor) }
            guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count,
                ftruncate(descriptor, off_t(bytes.count)) == 0
            else { throw error }
        }
    }

    private func ready(_ info: EngineInfo, _ ports: Doors.Ports) {
        logger.info(
            "started",
            metadata: [
                "version": "\(info.version)", "control": "\(ports.control)", "ingest": "\(ports.ingest)",
                "kafka": "\(ports.kafka)", "s3": "\(ports.s3)",
            ]
        )
        readiness.ready()
    }

    /// Ends this engine, as a start that failed.
    private func fail(_ error: FlareError) {
        readiness.failed(error)
        kill(getpid(), SIGTERM)
    }

    /// In the state directory, or where that path is too long for a socket address, in the runtime directory.
    private static func socketPath(for state: StateDirectory) -> String {
        if state.socket.utf8.count <= Limits.socketPathBytesMax { return state.socket }
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? "/tmp"
        return "\(runtime)/flare-\(getuid())-\(getpid()).sock"
    }
}

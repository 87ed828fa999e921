import FlareBuckets
import FlareGateway
import FlareModel
import FlarePipelines
import FlareQueues
import FlareStore
import FlareWorkers
import FlareWorkflows
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Joins the rooms of one engine and runs them until it is told to stop.
///
/// Holds no logic of its own.
struct Engine: Sendable {
    let options: EngineOptions
    let readiness: Readiness
    let time = SystemTime()

    init(_ options: EngineOptions, readiness: Readiness) {
        self.options = options
        self.readiness = readiness
    }

    /// Runs until SIGTERM, SIGINT or a request to stop.
    ///
    /// Throws what keeps it from starting or going on.
    func run() async throws {
        let lock = try StateLock.acquire(options.state)
        let log = try EngineLog(options, time: time)
        let database = try Database.open(path: options.state.database, migrations: Self.migrations) {
            try StateRemains.requireNone(in: options.state)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(4, System.coreCount))
        let rooms = try await Rooms(
            state: options.state,
            database: database,
            group: group,
            time: time,
            logger: log.logger
        )
        var configuration = ServiceGroupConfiguration(
            services: rooms.services + (try await doors(rooms, database, group, log)),
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: log.logger("lifecycle", level: .error)
        )
        configuration.maximumGracefulShutdownDuration = .seconds(Limits.stopSecondsMax)
        try await ServiceGroup(configuration: configuration).run()
        rooms.pipelines.close()
        try database.close()
        try await group.shutdownGracefully()
        log.logger("engine").info("stopped")
        // The state directory is another engine's from here on.
        withExtendedLifetime(lock) {}
    }

    /// The doors: ingest, Kafka, S3, the control port, the control socket.
    ///
    /// When all listen, the engine is ready.
    private func doors(
        _ rooms: Rooms,
        _ database: Database,
        _ group: any EventLoopGroup,
        _ log: EngineLog
    ) async throws -> [any Service] {
        let ports = try await DoorCandidates.of(options, database: database)
        let tls = try await TLSSettings.prepare(
            options.tls,
            state: options.state,
            database: database,
            time: time,
            logger: log.logger("tls")
        )
        let announcement = Announcement(
            state: options.state,
            time: time,
            tls: tls,
            readiness: readiness,
            logger: log.logger("engine")
        )
        let doors = Doors { announcement.announce($0, database: database) }
        let showsTLS = tls.isRequired || tls.identity.kind == "certificate"
        let tails = TailSessions(time: time)
        let api = ControlAPI(
            services: ControlServices(
                database: database,
                tokens: TokenService(database: database, time: time),
                queues: rooms.queues,
                buckets: rooms.buckets,
                keys: rooms.keys,
                pipelines: rooms.pipelines,
                workers: rooms.workers,
                workflows: rooms.workflows,
                tails: tails
            ),
            logger: log.logger("api"),
            info: { announcement.info },
            endpoints: { name in
                guard let open = doors.ports else { return [] }
                return DoorAddresses(ingestPort: open.ingest, kafkaPort: open.kafka, showsTLS: showsTLS)
                    .endpoints(of: name)
            },
            s3URL: { announcement.info.s3Port.map { (tls.isRequired ? "https" : "http") + "://127.0.0.1:\($0)" } },
            tls: tls.identity,
            stop: { kill(getpid(), SIGTERM) }
        )
        let socket = announcement.socketPath
        return [
            TailServer(
                traces: rooms.workers.traces,
                sessions: tails,
                group: group,
                logger: log.logger("tails")
            ),
            ingestDoor(rooms.pipelines, group, ports.ingest, tls, log) { doors.ingestListens(on: $0) },
            kafkaDoor(rooms.pipelines, group, ports.kafka, tls, log) { doors.kafkaListens(on: $0) },
            s3Door(rooms, group, ports.s3, tls, log) { doors.s3Listens(on: $0) },
            ControlDoor(
                server: ControlServer(
                    api: api,
                    address: .port(host: "127.0.0.1", ports: ports.control.ports),
                    group: group,
                    logger: log.logger("api"),
                    onListening: { doors.controlListens(on: $0) }
                ),
                candidates: ports.control
            ),
            ControlServer(api: api, address: .socket(path: socket), group: group, logger: log.logger("api")) { _ in
                chmod(socket, 0o600)
                doors.socketListens()
            },
        ]
    }

    private static var migrations: [Migration] {
        EngineSettingsRecord.migrations + GatewayMigrations.all + QueueService.migrations + BucketService.migrations
            + AccessKeyService.migrations + PipelineService.migrations + WorkerService.migrations
            + WorkflowMigrations.all
    }
}

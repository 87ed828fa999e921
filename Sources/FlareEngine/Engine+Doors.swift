import FlareGateway
import FlarePipelines
import NIOCore

/// The doors on raw sockets.
extension Engine {
    func ingestDoor(
        _ pipelines: PipelineService,
        _ group: any EventLoopGroup,
        _ candidates: PortCandidates,
        _ tls: TLSSettings,
        _ log: EngineLog,
        onListening: @escaping @Sendable (Int) -> Void
    ) -> RawDoor {
        let server = IngestServer(
            pipelines: pipelines,
            group: group,
            logger: log.logger("ingest"),
            prepare: tls.prepare(reply: TLSSniffer.httpRefusal)
        )
        return RawDoor(
            candidates: candidates,
            onListening: onListening,
            start: { try await server.start(host: "127.0.0.1", port: $0) },
            stop: { await server.stop() }
        )
    }

    func kafkaDoor(
        _ pipelines: PipelineService,
        _ group: any EventLoopGroup,
        _ candidates: PortCandidates,
        _ tls: TLSSettings,
        _ log: EngineLog,
        onListening: @escaping @Sendable (Int) -> Void
    ) -> RawDoor {
        let server = KafkaServer(
            pipelines: pipelines,
            group: group,
            logger: log.logger("kafka"),
            prepare: tls.prepare(reply: nil)
        )
        return RawDoor(
            candidates: candidates,
            onListening: onListening,
            start: { try await server.start(host: "127.0.0.1", port: $0) },
            stop: { await server.stop() }
        )
    }

    func s3Door(
        _ rooms: Rooms,
        _ group: any EventLoopGroup,
        _ candidates: PortCandidates,
        _ tls: TLSSettings,
        _ log: EngineLog,
        onListening: @escaping @Sendable (Int) -> Void
    ) -> RawDoor {
        let logger = log.logger("s3")
        let server = S3Server(
            service: S3Service(buckets: rooms.buckets, keys: rooms.keys, time: time, logger: logger),
            time: time,
            group: group,
            logger: logger,
            prepare: tls.prepare(reply: TLSSniffer.httpRefusal)
        )
        return RawDoor(
            candidates: candidates,
            onListening: onListening,
            start: { try await server.start(host: "127.0.0.1", port: $0) },
            stop: { await server.stop() }
        )
    }
}

import FlareModel
package import FlarePipelines
package import Logging
package import NIOCore

/// The door for producers of Apache Kafka: a broker of its protocol, on raw SwiftNIO.
///
/// A topic is a pipeline; it has one partition, and this is its only broker. Records are JSON objects.
package final class KafkaServer: Sendable {
    private let door: DoorServer

    /// - Parameter prepare: adds to a new connection what comes before Kafka's protocol, such as TLS.
    package init(
        pipelines: PipelineService,
        group: any EventLoopGroup,
        logger: Logger,
        prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void> = { $0.eventLoop.makeSucceededVoidFuture() }
    ) {
        let arrivingBytes = Counter()
        let plan = DoorServer.Plan(
            name: "Kafka",
            connectionsMax: Limits.kafkaConnectionsMax,
            quiesce: KafkaHandler.Quiesce(),
            prepare: prepare
        ) { channel in
            try channel.pipeline.syncOperations.addHandler(
                KafkaHandler(pipelines: pipelines, arrivingBytes: arrivingBytes, logger: logger)
            )
        }
        door = DoorServer(plan, group: group, logger: logger)
    }

    /// Listens and returns the bound port; port 0 takes any free one.
    ///
    /// Throws `inUse` when another program has the port.
    package func start(host: String, port: Int) async throws -> Int { try await door.start(host: host, port: port) }

    /// Stops accepting, lets requests that have begun end, and closes all connections; at most 3 s.
    package func stop() async { await door.stop() }
}

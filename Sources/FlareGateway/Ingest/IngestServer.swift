import FlareModel
package import FlarePipelines
package import Logging
package import NIOCore
import NIOHTTP1

/// The door for records over HTTP and WebSocket, on a port of its own and on raw SwiftNIO: nothing of the control API's
/// router is on this path.
package final class IngestServer: Sendable {
    private let door: DoorServer

    /// - Parameters:
    ///   - group: whose loops the connections are on, and large bodies are split on.
    ///   - prepare: adds to a new connection what comes before HTTP, such as TLS.
    package init(
        pipelines: PipelineService,
        group: any EventLoopGroup,
        logger: Logger,
        prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void> = { $0.eventLoop.makeSucceededVoidFuture() }
    ) {
        let webSockets = WebSocketHandler.Surroundings(
            producers: WebSocketProducers(),
            bodiesBytes: Counter(),
            now: { pipelines.now() }
        )
        let plan = DoorServer.Plan(
            name: "ingest",
            connectionsMax: Limits.ingestConnectionsMax,
            quiesce: IngestHandler.Quiesce(),
            prepare: prepare
        ) { channel in
            let handler = IngestHandler(pipelines: pipelines, webSockets: webSockets, scanners: group)
            // A WebSocket client's first frames may come with its handshake, and belong to the handler after it.
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            try channel.pipeline.syncOperations.addHandlers([RequestRecogniser(handler), decoder, handler])
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

import FlareModel
package import FlareStore
package import Logging
package import NIOCore
import NIOHTTP1

/// The door for S3 clients, on a port of its own and on raw SwiftNIO: targets reach the signature as they were sent,
/// and the bytes of objects flow without a router in between.
package final class S3Server: Sendable {
    private let door: DoorServer

    /// - Parameter prepare: adds to a new connection what comes before HTTP, such as TLS.
    package init(
        service: S3Service,
        time: any TimeSource,
        group: any EventLoopGroup,
        logger: Logger,
        prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void> = { $0.eventLoop.makeSucceededVoidFuture() }
    ) {
        let heads = S3ResponseHead(time: time)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Limits.s3HeaderBytesMax
        limits.maxHeaderListSize = Limits.s3HeadersBytesMax
        limits.maxHeaderFieldCount = Limits.s3HeadersMax
        let plan = DoorServer.Plan(
            name: "S3",
            connectionsMax: Limits.s3ConnectionsMax,
            quiesce: S3Connection.Quiesce(),
            prepare: prepare
        ) { [limits] channel in
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
            )
            let connection = S3Connection(heads: heads) { await service.answer($0) }
            try channel.pipeline.syncOperations.addHandlers([decoder, connection])
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

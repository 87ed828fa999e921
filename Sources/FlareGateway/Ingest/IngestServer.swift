import FlareModel
package import FlarePipelines
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The door for records over HTTP, on a port of its own and on raw SwiftNIO: nothing of the control API's router is on
/// this path.
package final class IngestServer: Sendable {
    private struct State {
        var server: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        var drained: CheckedContinuation<Void, Never>?
    }

    private let pipelines: PipelineService
    private let group: any EventLoopGroup
    private let logger: Logger
    private let webSockets: WebSocketHandler.Surroundings
    private let state = Mutex(State())

    package init(pipelines: PipelineService, group: any EventLoopGroup, logger: Logger) {
        self.pipelines = pipelines
        self.group = group
        self.logger = logger
        webSockets = WebSocketHandler.Surroundings(
            producers: WebSocketProducers(),
            bodiesBytes: Counter(),
            now: { pipelines.now() }
        )
    }

    /// Listens and returns the bound port; port 0 takes any free one.
    ///
    /// Throws `inUse` when another program has the port.
    package func start(host: String, port: Int) async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 4_096, maximum: 262_144)
            )
            .childChannelInitializer { self.initialize($0) }
        do {
            let server = try await bootstrap.bind(host: host, port: port).get()
            state.withLock { $0.server = server }
            return server.localAddress?.port ?? port
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw FlareError(.inUse, "the ingest port \(port) of \(host) is taken by another program", cause: error)
        } catch let error as IOError where error.errnoCode == EACCES {
            throw FlareError(.permissionDenied, "the ingest port \(port) may not be opened", cause: error)
        }
    }

    /// Stops accepting, lets requests that have begun end, and closes all connections; at most 5 s.
    package func stop() async {
        let server = state.withLock { state in
            state.isStopping = true
            defer { state.server = nil }
            return state.server
        }
        do { try await server?.close().get() } catch {
            logger.debug("the ingest port was closed already", metadata: ["error": "\(error)"])
        }
        let deadline = group.any().scheduleTask(in: .seconds(5)) { self.closeAll() }
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.pipeline.fireUserInboundEventTriggered(IngestHandler.Quiesce())
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.connections.isEmpty || state.drained != nil { return true }
                state.drained = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
        deadline.cancel()
    }

    private func closeAll() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.close(promise: nil) }
    }

    private func initialize(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isTaken = state.withLock { state in
            guard !state.isStopping, state.connections.count < Limits.ingestConnectionsMax else { return false }
            state.connections[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isTaken else { return channel.close() }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
        return channel.eventLoop.makeCompletedFuture { [pipelines, webSockets] in
            let door = IngestHandler(pipelines: pipelines, webSockets: webSockets)
            // A WebSocket client's first frames may come with its handshake, and belong to the handler after it.
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            try channel.pipeline.syncOperations.addHandlers([RequestRecogniser(door), decoder, door])
        }
    }

    private func remove(_ channel: any Channel) {
        let drained = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.connections[ObjectIdentifier(channel)] = nil
            guard state.connections.isEmpty else { return nil }
            defer { state.drained = nil }
            return state.drained
        }
        drained?.resume()
    }
}

import FlareModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A listening port of raw SwiftNIO and its connections: how a door opens, and how it closes without losing answers.
final class DoorServer: Sendable {
    /// What is different from door to door.
    struct Plan: Sendable {
        /// In messages: "the ingest port".
        let name: String
        /// One more is closed at once.
        ///
        /// Bounds descriptors.
        let connectionsMax: Int
        /// Sent to every connection when the door closes: finish what has begun, then end.
        let quiesce: any Sendable
        /// Adds to a new connection what comes before the door's own protocol, such as TLS.
        let prepare: @Sendable (any Channel) -> EventLoopFuture<Void>
        /// Adds the door's own handlers, on the channel's event loop.
        let addHandlers: @Sendable (any Channel) throws -> Void
    }

    private struct State {
        var server: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        var drained: CheckedContinuation<Void, Never>?
    }

    private let plan: Plan
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    init(_ plan: Plan, group: any EventLoopGroup, logger: Logger) {
        self.plan = plan
        self.group = group
        self.logger = logger
        precondition(Self.areHTTPTypesMade)
    }

    /// Listens and returns the bound port; port 0 takes any free one.
    ///
    /// Throws `inUse` when another program has the port.
    func start(host: String, port: Int) async throws -> Int {
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
            throw FlareError(
                .inUse,
                "the \(plan.name) port \(port) of \(host) is taken by another program",
                cause: error
            )
        } catch let error as IOError where error.errnoCode == EACCES {
            throw FlareError(.permissionDenied, "the \(plan.name) port \(port) may not be opened", cause: error)
        }
    }

    /// Stops accepting, lets requests that have begun end, and closes all connections; at most
    /// `Limits.doorStopSecondsMax`.
    func stop() async {
        let server = state.withLock { state in
            state.isStopping = true
            defer { state.server = nil }
            return state.server
        }
        do { try await server?.close().get() } catch {
            logger.debug("the port was closed already", metadata: ["door": "\(plan.name)", "error": "\(error)"])
        }
        let deadline = group.any().scheduleTask(in: .seconds(Limits.doorStopSecondsMax)) { self.closeAll() }
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.pipeline.fireUserInboundEventTriggered(plan.quiesce)
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

    /// Makes the types that the first connections of all HTTP doors need, on one thread and before any door listens.
    ///
    /// Two event loops that ask the runtime for them at the same moment, as when clients are back at once after a
    /// restart, have met half-made ones and crashed.
    private static let areHTTPTypesMade: Bool = {
        let handlers: [any ChannelHandler] = [
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), HTTPResponseEncoder(),
        ]
        return !handlers.isEmpty
    }()

    private func initialize(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isTaken = state.withLock { state in
            guard !state.isStopping, state.connections.count < plan.connectionsMax else { return false }
            state.connections[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isTaken else { return channel.close() }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
        return plan.prepare(channel).flatMapThrowing { [plan] in try plan.addHandlers(channel) }
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

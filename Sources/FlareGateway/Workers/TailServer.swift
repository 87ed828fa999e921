import FlareModel
package import FlareWorkers
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import ServiceLifecycle

/// The WebSockets on which wrangler follows Workers: `trace-v1`, one text for each invocation that has ended.
///
/// Listens on any free port of this machine, which clients learn with the address of their tail.
package struct TailServer: Service {
    private let traces: TraceHub
    private let sessions: TailSessions
    private let group: any EventLoopGroup
    private let logger: Logger
    private let handshakeTimeout: TimeAmount

    private static let subprotocol = "trace-v1"

    /// What became of a connection.
    private enum Arrival {
        case follower(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, TailSessions.Tail)
        case refused
    }

    /// A connection, and what becomes of it.
    private struct Caller {
        let channel: any Channel
        let arrival: EventLoopFuture<Arrival>
    }

    package init(
        traces: TraceHub,
        sessions: TailSessions,
        group: any EventLoopGroup,
        logger: Logger,
        handshakeTimeout: Duration = .seconds(Limits.tailHandshakeSeconds)
    ) {
        self.traces = traces
        self.sessions = sessions
        self.group = group
        self.logger = logger
        self.handshakeTimeout = TimeAmount(handshakeTimeout)
    }

    /// Serves until graceful shutdown.
    package func run() async throws {
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let caller = Caller(channel: channel, arrival: try upgrade(channel))
                    let deadline = channel.eventLoop.scheduleTask(in: handshakeTimeout) { channel.close(promise: nil) }
                    caller.arrival.whenComplete { _ in deadline.cancel() }
                    return caller
                }
            }
        sessions.listens(on: server.channel.localAddress?.port ?? 0)
        let open = Counter()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { followers in
                do {
                    try await server.executeThenClose { connections in
                        for try await caller in connections {
                            if open.add(1) > Limits.tailConnectionsMax { caller.channel.close(promise: nil) }
                            followers.addTask {
                                await take(caller)
                                open.subtract(1)
                            }
                        }
                    }
                } catch is CancellationError {
                    // The engine stops.
                } catch {
                    logger.warning("tails are no longer served", metadata: ["error": "\(error)"])
                }
                followers.cancelAll()
            }
        }
    }

    /// Prepares a connection for the one request that it may make.
    private func upgrade(_ channel: any Channel) throws -> EventLoopFuture<Arrival> {
        let sessions = sessions
        let upgrader = NIOTypedWebSocketServerUpgrader<Arrival>(
            maxFrameSize: Limits.tailFrameBytesMax,
            shouldUpgrade: { channel, head in
                let isAsked = head.headers[canonicalForm: "sec-websocket-protocol"].contains { $0 == Self.subprotocol }
                let headers: HTTPHeaders = isAsked ? ["sec-websocket-protocol": Self.subprotocol] : [:]
                let tail = sessions.find(String(head.uri.dropFirst()))
                return channel.eventLoop.makeSucceededFuture(tail == nil ? nil : headers)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let tail = sessions.find(String(head.uri.dropFirst())) else {
                        channel.close(promise: nil)
                        return .refused
                    }
                    return .follower(try NIOAsyncChannel(wrappingChannelSynchronously: channel), tail)
                }
            }
        )
        let configuration = NIOTypedHTTPServerUpgradeConfiguration<Arrival>(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: ["content-length": "0"])
                channel.write(HTTPServerResponsePart.head(head), promise: nil)
                return channel.writeAndFlush(HTTPServerResponsePart.end(nil))
                    .flatMap { channel.close() }
                    .map { .refused }
            }
        )
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: configuration)
        )
    }

    private func take(_ caller: Caller) async {
        do {
            // Waiting for a future does not end with the task; the end of the channel ends both.
            let arrival = try await withTaskCancellationHandler {
                try await caller.arrival.get()
            } onCancel: {
                caller.channel.close(promise: nil)
            }
            guard case .follower(let socket, let tail) = arrival else { return }
            guard sessions.begin(socket.channel, of: tail.id) else {
                // Its writer must be finished before it goes.
                return try await socket.executeThenClose { _, _ in }
            }
            defer { sessions.end(socket.channel, of: tail.id) }
            try await socket.executeThenClose { inbound, outbound in
                // Whoever gets an answer is told of what happens from then on.
                let (begun, signal) = AsyncStream.makeStream(of: Void.self)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for await _ in begun {}
                        try await Self.answer(inbound, outbound)
                    }
                    group.addTask { try await send(tail, to: outbound) { signal.finish() } }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        } catch {
            logger.debug("a tail has ended", metadata: ["error": "\(error)"])
        }
    }

    /// Answers what the client says, until it says goodbye or goes.
    private static func answer(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        for try await frame in inbound {
            switch frame.opcode {
            case .ping:
                try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
            case .connectionClose:
                let code = frame.unmaskedData.readableBytes >= 2 ? frame.unmaskedData : ByteBuffer()
                return try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
            default:
                // It says whether it wants to debug, which changes nothing here.
                continue
            }
        }
    }

    private func send(
        _ tail: TailSessions.Tail,
        to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
        begun: () -> Void
    ) async throws {
        try await traces.follow(worker: tail.worker, where: tail.filter, begun: begun) { items in
            for item in items {
                guard case .event(var event) = item else { continue }
                // wrangler knows no other kinds, and takes what has none for one that it does not know.
                if ["workflow", "pipeline"].contains(event.kind) { event.event = .null }
                let data = ByteBuffer(bytes: FlareJSON.encode(event))
                try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: data))
            }
        }
    }
}

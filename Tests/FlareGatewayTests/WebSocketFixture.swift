import FlareModel
import FlareStore
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import FlareGateway
@testable import FlarePipelines

/// A server that speaks only WebSocket, on a free port, for the pipelines of an ingest fixture.
struct WebSocketFixture {
    let ingest: IngestFixture
    let stream: StreamLog
    let server: any Channel
    let port: Int
    let connections: AcceptedChannels

    /// - Parameter unflushedBytesMax: when given, records go to a stream of their own with this limit.
    static func with(
        unflushedBytesMax: Int? = nil,
        _ body: (WebSocketFixture) async throws -> Void
    ) async throws {
        try await IngestFixture.with { ingest in
            let pipelines = ingest.pipelines
            let directory = FileManager.default.temporaryDirectory.appendingPathComponent(Identifier.hexadecimal())
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let stream =
                try unflushedBytesMax.map {
                    StreamLog(
                        pipelineName: "orders",
                        log: try SegmentLog(directory: directory.path + "/stream", disk: PosixDisk()),
                        unflushedBytesMax: $0
                    )
                } ?? pipelines.stream(named: "orders")
            let surroundings = WebSocketHandler.Surroundings(
                producers: WebSocketProducers(),
                bodiesBytes: Counter(),
                now: { pipelines.now() }
            )
            let connections = AcceptedChannels()
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.socketOption(.so_rcvbuf), value: 65_536)
                .childChannelOption(.socketOption(.so_sndbuf), value: 65_536)
                .childChannelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 4_096, maximum: 262_144)
                )
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        connections.add(channel)
                        try channel.pipeline.syncOperations.addHandlers([
                            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)),
                            UpgradingHandler(stream: stream, surroundings: surroundings),
                        ])
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(server.localAddress?.port)
            try await body(
                WebSocketFixture(ingest: ingest, stream: stream, server: server, port: port, connections: connections)
            )
            try await server.close().get()
            await connections.closeAll()
        }
    }

    /// A connection after its handshake.
    func connect(_ query: String = "") throws -> WebSocketClient {
        let client = try WebSocketClient(port: port)
        try client.write(Array(Self.handshake(query).utf8))
        let head = try client.readHead()
        try #require(head.hasPrefix("HTTP/1.1 101 "), "\(head)")
        return client
    }

    static func handshake(_ query: String = "") -> String {
        "GET /orders\(query) HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            + "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
    }
}

/// The channels that a test server has accepted.
final class AcceptedChannels: Sendable {
    private let channels = Mutex<[any Channel]>([])

    func add(_ channel: any Channel) { channels.withLock { $0.append(channel) } }

    func quiesce() {
        for channel in channels.withLock({ $0 }) {
            channel.pipeline.fireUserInboundEventTriggered(IngestHandler.Quiesce())
        }
    }

    func closeAll() async {
        for channel in channels.withLock({ $0 }) { try? await channel.close().get() }
    }
}

/// What the ingest door does with a request for a WebSocket, and nothing else.
private final class UpgradingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let stream: StreamLog
    private let surroundings: WebSocketHandler.Surroundings
    private var head: HTTPRequestHead?

    init(stream: StreamLog, surroundings: WebSocketHandler.Surroundings) {
        self.stream = stream
        self.surroundings = surroundings
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else {
                return context.close(promise: nil)
            }
            switch WebSocketHandshake.answer(head, stream: stream) {
            case .failure(let refusal):
                context.writeAndFlush(NIOAny(refusal.reply), promise: nil)
                context.close(promise: nil)
            case .success(let acceptance):
                do {
                    try WebSocketUpgrade.perform(
                        acceptance,
                        stream: stream,
                        surroundings: surroundings,
                        replacing: self,
                        context: context
                    )
                } catch {
                    context.close(promise: nil)
                }
            }
        }
    }
}

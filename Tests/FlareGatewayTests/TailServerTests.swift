import FlareModel
import FlareStore
import FlareWorkers
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import FlareGateway

@Suite("the port of tails", .timeLimit(.minutes(5)))
struct TailServerTests {
    /// Serves tails for the length of `body`, and waits for the end of the server, until which the connections that
    /// `body` returns stay open.
    private static func with(
        handshakeTimeout: Duration = .seconds(600),
        _ body: (TailSessions, Int) async throws -> [RawSocket]
    ) async throws {
        let sessions = TailSessions(time: SystemTime())
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = TailServer(
            traces: TraceHub(time: SystemTime(), logger: logger),
            sessions: sessions,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            handshakeTimeout: handshakeTimeout
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            while sessions.port == nil { await Task.yield() }
            let open = try await body(sessions, try #require(sessions.port))
            group.cancelAll()
            try await group.waitForAll()
            withExtendedLifetime(open) {}
        }
    }

    private static func request(_ id: String) -> [UInt8] {
        Array(
            ("GET /\(id) HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "Sec-WebSocket-Protocol: trace-v1\r\n\r\n").utf8
        )
    }

    private static func answer(_ socket: RawSocket) -> String {
        String(decoding: socket.read(), as: UTF8.self)
    }

    @Test("a connection that says nothing does not keep the server from ending")
    func silent() async throws {
        try await Self.with { _, port in
            let silent = try RawSocket(port: port)
            let unfinished = try RawSocket(port: port)
            try unfinished.write(Array("GET / HTTP/1.1\r\n".utf8))
            // Connections are accepted in order.
            let last = try RawSocket(port: port)
            try last.write(Self.request("unknown"))
            #expect(Self.answer(last).hasPrefix("HTTP/1.1 404 "))
            return [silent, unfinished]
        }
    }

    @Test("beyond so many connections the next one is closed at once")
    func bounded() async throws {
        try await Self.with { _, port in
            let silent = try (0..<Limits.tailConnectionsMax).map { _ in try RawSocket(port: port) }
            let next = try RawSocket(port: port)
            #expect(next.isAtEnd())
            return silent
        }
    }

    @Test("a client beyond those that may follow a tail is sent away, and others are served")
    func crowded() async throws {
        try await Self.with { sessions, port in
            let id = try sessions.create(of: "shop", where: .init()).id
            for _ in 0..<Limits.tailFollowersMax {
                let isFollowed = sessions.begin(EmbeddedChannel(), of: id)
                #expect(isFollowed)
            }
            let socket = try RawSocket(port: port)
            try socket.write(Self.request(id))
            #expect(Self.answer(socket).hasPrefix("HTTP/1.1 101 "))
            #expect(socket.isAtEnd())
            let other = try RawSocket(port: port)
            try other.write(Self.request(try sessions.create(of: "shop", where: .init()).id))
            #expect(Self.answer(other).hasPrefix("HTTP/1.1 101 "))
            return [other]
        }
    }

    @Test("a connection that does not say in time what it follows is closed")
    func late() async throws {
        try await Self.with(handshakeTimeout: .zero) { _, port in
            let socket = try RawSocket(port: port)
            #expect(socket.isAtEnd())
            return []
        }
    }
}

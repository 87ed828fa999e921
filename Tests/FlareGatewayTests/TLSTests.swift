import FlareModel
import FlareStore
import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import NIOSSL
import Testing

@testable import FlareGateway

@Suite("TLS and plain on one port")
struct TLSTests {
    @Test("plain and TLS clients are served", arguments: [true, false])
    func both(autoRead: Bool) async throws {
        try await TLSFixture.with { f in
            try await EchoDoor.with(f.identity, autoRead: autoRead) { door in
                let plain = try TestSocket(port: door.port)
                try plain.write("GET / ")
                #expect(try plain.bytes(6) == "GET / ")
                // Plain clients make no keys.
                #expect(throws: (any Error).self) { try f.mode("tls") }
                let trusted = Array(try await f.identity.authority().certificate.utf8)
                #expect(try await door.exchange(["hello"], trusted: trusted, name: nil) == "hello")
                try plain.write("more")
                #expect(try plain.bytes(4) == "more")
            }
        }
    }

    @Test("TLS clients may use every name of this machine and no other")
    func names() async throws {
        try await TLSFixture.with { f in
            let trusted = Array(try await f.identity.authority().certificate.utf8)
            // An address that the certificate is not for, so that only the name can be right.
            try await EchoDoor.with(f.identity, host: "127.0.0.2") { door in
                for name in ["localhost", "orders.localhost", f.authority.hostName] {
                    let text = try await door.exchange(["hello"], trusted: trusted, name: name)
                    #expect(text == "hello", "as \(name)")
                }
                for name in [nil, "example.com"] {
                    await #expect(throws: (any Error).self) {
                        try await door.exchange(["hello"], trusted: trusted, name: name)
                    }
                }
            }
        }
    }

    @Test("much data in many pieces comes back whole", arguments: [true, false])
    func much(autoRead: Bool) async throws {
        try await TLSFixture.with { f in
            let trusted = Array(try await f.identity.authority().certificate.utf8)
            try await EchoDoor.with(f.identity, autoRead: autoRead) { door in
                let pieces = (0..<40).map { String(repeating: "\($0 % 10)", count: 20_000 + $0) }
                let text = try await door.exchange(pieces, trusted: trusted, name: nil)
                #expect(text == pieces.joined())
            }
        }
    }

    @Test("a client that ends its side still gets its answer")
    func halfClosed() async throws {
        try await TLSFixture.with { f in
            let trusted = Array(try await f.identity.authority().certificate.utf8)
            try await EchoDoor.with(f.identity) { door in
                let text = try await door.exchange(["the end"], trusted: trusted, name: nil, endsWriting: true)
                #expect(text == "the end")
            }
        }
    }

    @Test("many first clients at once get one and the same authority")
    func manyFirst() async throws {
        try await TLSFixture.with { f in
            let now = SystemTime().now()
            let stranger = try CertificatePair.authority(named: "another", from: now, until: now + .seconds(60))
            try await EchoDoor.with(f.identity) { door in
                // The authority is not asked for before: these clients, who do not trust it yet, make it.
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask { _ = try? await door.exchange(["x"], trusted: stranger.certificate, name: nil) }
                    }
                }
                #expect(try f.mode("tls/server.pem") != nil)
                let trusted = try f.authority.authority(at: now).certificate
                #expect(try await door.exchange(["x"], trusted: trusted, name: nil) == "x")
            }
        }
    }

    @Test("a client that no authority is known to is not served")
    func untrusted() async throws {
        try await TLSFixture.with { f in
            try await TLSFixture.with { other in
                let trusted = Array(try await other.identity.authority().certificate.utf8)
                try await EchoDoor.with(f.identity) { door in
                    await #expect(throws: (any Error).self) {
                        try await door.exchange(["x"], trusted: trusted, name: nil)
                    }
                }
            }
        }
    }

    @Test("garbage after the first byte of TLS closes that connection alone", arguments: [[0x16], [0x16, 3, 1, 0, 5]])
    func garbage(start: [UInt8]) async throws {
        try await TLSFixture.with { f in
            try await EchoDoor.with(f.identity) { door in
                for _ in 0..<2 {
                    let socket = try TestSocket(port: door.port)
                    try socket.write(start)
                    try socket.write("garbage that is no handshake at all")
                    #expect(socket.drainsToEnd())
                }
                let cutOff = try TestSocket(port: door.port)
                try cutOff.write([0x16, 3, 1])
                cutOff.endWriting()
                #expect(cutOff.drainsToEnd())
                let plain = try TestSocket(port: door.port)
                try plain.write("still here")
                #expect(try plain.bytes(10) == "still here")
            }
        }
    }

    @Test("a stop does not wait until an idle client says goodbye")
    func idleAtStop() async throws {
        try await TLSFixture.with { f in
            // On a machine with much to do a stop may take long for other reasons, but not each time.
            var shortest = Duration.seconds(Limits.tlsCloseSecondsMax)
            for _ in 0..<20 where shortest >= .seconds(Limits.tlsCloseSecondsMax) / 2 {
                try await S3Fixture.with(tls: f.identity) { door in
                    let client = try await Self.idleClient(port: door.port)
                    shortest = min(shortest, await ContinuousClock().measure { await door.server.stop() })
                    try? await client.close()
                }
            }
            #expect(shortest < .seconds(Limits.tlsCloseSecondsMax) / 2)
        }
    }

    /// A client that has been answered and reads no more.
    private static func idleClient(port: Int) async throws -> any Channel {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let tls = try NIOSSLContext(configuration: configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answered = loop.makePromise(of: Void.self)
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: tls, serverHostname: nil), FallingSilent(answered),
                    ])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        client.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nhost: x\r\n\r\n"), promise: nil)
        try await answered.futureResult.get()
        return client
    }

    @Test("where TLS is required a plain client is told so, or closed")
    func required() async throws {
        try await TLSFixture.with { f in
            let trusted = Array(try await f.identity.authority().certificate.utf8)
            try await EchoDoor.with(f.identity, plain: .refused(reply: ByteBuffer(string: "no plain"))) { door in
                let socket = try TestSocket(port: door.port)
                try socket.write("GET / HTTP/1.1\r\n\r\n")
                #expect(try socket.bytes(8) == "no plain")
                #expect(socket.isClosedByServer())
                #expect(try await door.exchange(["hello"], trusted: trusted, name: nil) == "hello")
            }
            try await EchoDoor.with(f.identity, plain: .refused(reply: nil)) { door in
                let socket = try TestSocket(port: door.port)
                try socket.write([0, 0, 0, 9])
                #expect(socket.drainsToEnd())
            }
        }
    }

    @Test("a handshake that comes byte by byte succeeds, and the sniffer leaves")
    func byteByByte() async throws {
        try await TLSFixture.with { f in
            let trusted = Array(try await f.identity.authority().certificate.utf8)
            // Made beforehand: an embedded loop takes no answers from other threads.
            _ = try await f.identity.context(on: MultiThreadedEventLoopGroup.singleton.next()).get()
            try Self.handshakeByteByByte(f.identity, trusted: trusted)
        }
    }

    private static func handshakeByteByByte(_ identity: TLSIdentity, trusted: [UInt8]) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(trusted))
        configuration.applicationProtocols = ["http/1.1"]
        let client = EmbeddedChannel(
            handler: try NIOSSLClientHandler(
                context: try NIOSSLContext(configuration: configuration),
                serverHostname: "localhost"
            )
        )
        let server = EmbeddedChannel(handler: TLSSniffer(identity: identity))
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        client.writeAndFlush(ByteBuffer(string: "hello"), promise: nil)
        var text = ByteBuffer()
        func pass() throws {
            while var bytes = try client.readOutbound(as: ByteBuffer.self) {
                while let byte = bytes.readSlice(length: 1) { try server.writeInbound(byte) }
            }
            while var bytes = try server.readOutbound(as: ByteBuffer.self) {
                while let byte = bytes.readSlice(length: 1) { try client.writeInbound(byte) }
            }
            while let bytes = try server.readInbound(as: ByteBuffer.self) { text.writeImmutableBuffer(bytes) }
        }
        for _ in 0..<20 where text.readableBytes < 5 { try pass() }
        #expect(String(buffer: text) == "hello")
        #expect(throws: (any Error).self) {
            try server.pipeline.syncOperations.handler(type: TLSSniffer.self)
        }
        _ = try server.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        client.close(promise: nil)
        for _ in 0..<4 { try pass() }
    }
}

extension TestSocket {
    /// So many bytes as text.
    fileprivate func bytes(_ count: Int) throws -> String {
        while received.count < count { try #require(readMore(), "the server has closed") }
        defer { received.removeFirst(count) }
        return String(decoding: received.prefix(count), as: UTF8.self)
    }

    /// Reads whatever comes; true when the server ends the connection before the socket's time is up.
    fileprivate func drainsToEnd() -> Bool {
        errno = 0
        while readMore() {}
        return errno != EAGAIN
    }
}

/// Reads until the first bytes have come.
private final class FallingSilent: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answered: EventLoopPromise<Void>

    init(_ answered: EventLoopPromise<Void>) { self.answered = answered }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answered = answered
        context.channel.setOption(.autoRead, value: false).cascade(to: answered)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered.fail(error)
        context.close(promise: nil)
    }
}

import FlareModel
import FlareStore
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import FlareGateway

/// A directory for keys, which is removed afterwards, and the identity of a local authority in it.
struct TLSFixture {
    let directory: String
    let identity: TLSIdentity

    static func with(time: any TimeSource = SystemTime(), _ body: (TLSFixture) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/tls-\(Identifier.hexadecimal())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let identity = identity(.local(directory: path + "/tls"), time: time)
        try await body(TLSFixture(directory: path, identity: identity))
    }

    static func identity(_ source: TLSIdentity.Source, time: any TimeSource = SystemTime()) -> TLSIdentity {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return TLSIdentity(source: source, disk: PosixDisk(), time: time, logger: logger)
    }

    var authority: LocalAuthority { LocalAuthority(directory: directory + "/tls", disk: PosixDisk()) }

    /// Writes a certificate and its key as a user would name them.
    func write(_ pair: CertificatePair, name: String = "user") throws -> TLSIdentity.Source {
        let (certificate, key) = ("\(directory)/\(name).pem", "\(directory)/\(name).key")
        try Data(pair.certificate).write(to: URL(filePath: certificate))
        try Data(pair.key).write(to: URL(filePath: key))
        return .files(certificate: certificate, key: key)
    }

    func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: directory + "/" + name)[.posixPermissions] as? Int
    }
}

/// A port of TLS and plain connections that answers each piece with the same bytes, a moment later.
///
/// Reads no further before it has answered, as the ingest door does.
struct EchoDoor {
    let port: Int
    let address: String

    static func with(
        _ identity: TLSIdentity,
        plain: TLSSniffer.Plain = .allowed,
        autoRead: Bool = true,
        host: String = "127.0.0.1",
        _ body: (EchoDoor) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: autoRead)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        TLSSniffer(identity: identity, plain: plain), EchoHandler(),
                    ])
                }
            }
            .bind(host: host, port: 0).get()
        try await body(EchoDoor(port: server.localAddress?.port ?? 0, address: host))
        try await server.close().get()
    }

    /// Sends bytes over TLS, in pieces, and returns what comes back before the door closes or as much has come back.
    ///
    /// - Parameters:
    ///   - trusted: the certificate of the authority, as PEM.
    ///   - name: what the certificate must be for; nil for the address.
    func exchange(
        _ pieces: [String],
        trusted: [UInt8],
        name: String?,
        endsWriting: Bool = false
    ) async throws -> String {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(trusted))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        let tls = try NIOSSLContext(configuration: configuration)
        let wanted = pieces.joined().utf8.count
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let reply = loop.makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: tls, serverHostname: name),
                        CollectingHandler(wanted: wanted, reply: reply),
                    ])
                }
            }
            .connect(host: address, port: port).get()
        for piece in pieces { channel.writeAndFlush(ByteBuffer(string: piece), promise: nil) }
        if endsWriting { channel.close(mode: .output, promise: nil) }
        let limit = loop.scheduleTask(in: .seconds(60)) { reply.fail(ChannelError.connectTimeout(.seconds(60))) }
        defer { limit.cancel() }
        let text = try await reply.futureResult.get()
        channel.close(promise: nil)
        return text
    }
}

/// Answers with the same bytes on the next turn of the loop, and holds reads until then.
private final class EchoHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var waiting = 0
    private var hasPendingRead = false
    private var isEnding = false

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        // Without autoRead the first read is this handler's to ask for.
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waiting += 1
        let bytes = unwrapInboundIn(data)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(2)) {
            let (handler, context) = bound.value
            context.writeAndFlush(handler.wrapOutboundOut(bytes), promise: nil)
            handler.waiting -= 1
            if handler.isEnding && handler.waiting == 0 { return context.close(promise: nil) }
            guard handler.hasPendingRead, handler.waiting == 0 else { return }
            handler.hasPendingRead = false
            context.read()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        read(context: context)
    }

    func read(context: ChannelHandlerContext) {
        if waiting == 0 { context.read() } else { hasPendingRead = true }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return }
        isEnding = true
        if waiting == 0 { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Keeps a promise once enough bytes have come, or the other side has closed.
private final class CollectingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let wanted: Int
    private var reply: EventLoopPromise<String>?
    private var received = ByteBuffer()

    init(wanted: Int, reply: EventLoopPromise<String>) {
        self.wanted = wanted
        self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        if received.readableBytes >= wanted { finish() }
    }

    func channelInactive(context: ChannelHandlerContext) { finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reply?.fail(error)
        reply = nil
        context.close(promise: nil)
    }

    private func finish() {
        reply?.succeed(String(buffer: received))
        reply = nil
    }
}

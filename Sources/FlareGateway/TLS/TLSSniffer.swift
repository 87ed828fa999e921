import FlareModel
package import NIOCore
import NIOSSL

/// Stands first in a connection and tells by its first byte whether the client speaks TLS, so that one port serves
/// both.
///
/// A TLS connection begins with a handshake record, type 22 (RFC 8446, 5.1); no HTTP method and no Kafka request does.
/// Once it has decided it leaves the pipeline: a plain connection pays for one look at one byte.
package final class TLSSniffer: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// What happens to clients that do not speak TLS.
    package enum Plain: Sendable {
        case allowed
        /// They are closed, after these bytes if there are any.
        case refused(reply: ByteBuffer?)
    }

    private enum State {
        case waitingForFirstByte
        /// The certificate is being read or made; what has come meanwhile is kept.
        case waitingForContext(received: [ByteBuffer], hasPendingRead: Bool)
        /// The client is being turned away; what it sends is dropped.
        case refusing
        case done
    }

    /// What an HTTP client without TLS reads where TLS is required.
    package static let httpRefusal: ByteBuffer = {
        let text = "this port speaks TLS only: use https:// or wss://\n"
        return ByteBuffer(
            string: "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: \(text.utf8.count)\r\n"
                + "connection: close\r\n\r\n\(text)"
        )
    }()

    private static let handshakeRecord: UInt8 = 0x16

    private let identity: TLSIdentity
    private let plain: Plain
    private var state = State.waitingForFirstByte

    package init(identity: TLSIdentity, plain: Plain = .allowed) {
        self.identity = identity
        self.plain = plain
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .waitingForFirstByte:
            let bytes = unwrapInboundIn(data)
            guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return }
            if first == Self.handshakeRecord {
                beginTLS(bytes, context)
            } else if case .refused(let reply) = plain {
                refuse(reply, context)
            } else {
                state = .done
                context.fireChannelRead(data)
                context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            }
        case .waitingForContext(var received, let hasPendingRead):
            received.append(unwrapInboundIn(data))
            state = .waitingForContext(received: received, hasPendingRead: hasPendingRead)
        case .refusing: break
        case .done: context.fireChannelRead(data)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        if case .done = state { context.fireChannelReadComplete() }
        // As nothing was passed on, nobody later has a reason to ask for more; a refused client's bytes are dropped
        // until
        // it closes.
        if case .refusing = state { context.read() }
    }

    /// Nothing more is read before the certificate is there, so that a client cannot fill the memory meanwhile.
    package func read(context: ChannelHandlerContext) {
        if case .waitingForContext(let received, _) = state {
            state = .waitingForContext(received: received, hasPendingRead: true)
        } else {
            context.read()
        }
    }

    // MARK: TLS

    private func beginTLS(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if let tls = identity.readyContext { return startTLS(tls, [bytes], context) }
        state = .waitingForContext(received: [bytes], hasPendingRead: false)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        identity.context(on: context.eventLoop).whenComplete { result in
            let (sniffer, context) = bound.value
            sniffer.contextIsThere(result, context)
        }
    }

    private func contextIsThere(_ result: Result<NIOSSLContext, any Error>, _ context: ChannelHandlerContext) {
        guard case .waitingForContext(let received, let hasPendingRead) = state, context.channel.isActive else {
            return
        }
        switch result {
        case .success(let tls):
            startTLS(tls, received, context, isReadComplete: true, reads: hasPendingRead)
        case .failure(let error):
            fail(error, context)
        }
    }

    /// Hands over to TLS.
    ///
    /// Everything is passed on before this handler leaves: a context that has left has no neighbours.
    private func startTLS(
        _ tls: NIOSSLContext,
        _ received: [ByteBuffer],
        _ context: ChannelHandlerContext,
        isReadComplete: Bool = false,
        reads: Bool = false
    ) {
        do {
            try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .after(self))
        } catch {
            return fail(error, context)
        }
        state = .done
        for bytes in received { context.fireChannelRead(wrapInboundOut(bytes)) }
        if isReadComplete { context.fireChannelReadComplete() }
        if reads { context.read() }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        state = .refusing
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    // MARK: Clients without TLS

    /// Sends the reply and lets the client close first, so that it is not reset before it has read it.
    private func refuse(_ reply: ByteBuffer?, _ context: ChannelHandlerContext) {
        state = .refusing
        guard let reply else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(Limits.plainRefusalSecondsMax)) { channel.close(promise: nil) }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .refusing = state, case .inputClosed? = event as? ChannelEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        state = .done
        context.fireChannelInactive()
    }
}

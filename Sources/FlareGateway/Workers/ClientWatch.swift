import NIOCore

/// Tells when the client of a connection has gone while its request is worked on.
///
/// A client that closes its sending half counts as gone, since the two cannot be told apart before something is sent.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private var onGone: (@Sendable () -> Void)?
    private var isGone = false

    /// Sets what is called when the client of this connection goes, in place of what was set before.
    static func watch(_ channel: any Channel, onGone: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute {
            guard let watch = try? channel.pipeline.syncOperations.handler(type: ClientWatch.self) else {
                // The handlers are taken away when the connection closes.
                return onGone()
            }
            watch.onGone = onGone
            if watch.isGone { onGone() }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        isGone = true
        onGone?()
        onGone = nil
    }
}

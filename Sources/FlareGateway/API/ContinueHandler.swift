import NIOCore
import NIOHTTP1

/// Tells a client of the control API that waits with its body to go on, as curl does with a large one: Hummingbird
/// tells it nothing, and the client waits out a second of its own.
///
/// https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
final class ContinueHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Requests that have begun and whose answer has not ended.
    private var openCount = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            openCount += 1
            let waits = head.version != .http1_0 && head.headers.first(name: "expect")?.lowercased() == "100-continue"
            // Behind another request it would stand within that one's answer.
            if waits, openCount == 1 {
                let response = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { openCount -= 1 }
        context.write(data, promise: promise)
    }

    /// Puts the handler where requests are still those of NIOHTTP1; Hummingbird's own handlers come behind that place.
    final class Installer: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = Any

        func handlerAdded(context: ChannelHandlerContext) {
            let pipeline = context.pipeline.syncOperations
            do {
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                try pipeline.addHandler(ContinueHandler(), position: .after(decoder))
            } catch {
                preconditionFailure("the control API decodes HTTP/1 behind another handler: \(error)")
            }
        }
    }
}

import FlarePipelines
import NIOCore
import NIOHTTP1

/// Turns an HTTP connection of the ingest door into a WebSocket connection.
enum WebSocketUpgrade {
    /// Writes the acceptance and replaces the HTTP handlers.
    ///
    /// To be called by the last HTTP handler on its event loop, with the end of the request and once every earlier
    /// request is answered. The decoder must have been made with `.forwardBytes`, or frames that came together with the
    /// handshake are lost.
    static func perform(
        _ acceptance: WebSocketHandshake.Acceptance,
        stream: StreamLog,
        surroundings: WebSocketHandler.Surroundings,
        replacing handler: some RemovableChannelHandler,
        context: ChannelHandlerContext
    ) throws {
        context.writeAndFlush(NIOAny(acceptance.reply), promise: nil)
        let pipeline = context.pipeline.syncOperations
        let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
        let webSocket = WebSocketHandler(
            stream: stream,
            producer: acceptance.producer,
            surroundings: surroundings
        )
        try pipeline.addHandler(webSocket, position: .after(handler))
        pipeline.removeHandler(handler, promise: nil)
        // Ends in a later turn, with the bytes that the decoder has not used.
        let removed = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(webSocket, eventLoop: context.eventLoop)
        removed.futureResult.whenComplete { _ in bound.value.begun() }
        pipeline.removeHandler(context: decoder, promise: removed)
    }
}

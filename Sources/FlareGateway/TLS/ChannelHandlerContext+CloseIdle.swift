import NIOCore
import NIOSSL

extension ChannelHandlerContext {
    /// Closes a connection on which nothing is under way: a TLS client is told so, but its goodbye is not waited for.
    func closeIdle() {
        close(promise: nil)
        // TLS has written its own goodbye by now; what it passes on is the end of the socket.
        guard let tls = try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) else { return }
        tls.close(promise: nil)
    }
}

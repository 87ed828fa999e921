import FlareModel
package import NIOCore
import Synchronization

/// Shows what leaves a pipeline to those who follow it, without holding anything up: who is too slow misses some.
package final class RecordTail: Sendable {
    /// Lines that were written, in the order of their commits.
    package struct Piece: Sendable {
        package let lines: ByteBuffer
    }

    private let followers = Mutex<[String: AsyncStream<Piece>.Continuation]>([:])

    func publish(_ lines: ByteBuffer) {
        for follower in followers.withLock({ Array($0.values) }) { follower.yield(Piece(lines: lines)) }
    }

    /// Ends with the task that reads it.
    package func follow() -> AsyncStream<Piece> {
        let id = Identifier.hexadecimal()
        let (stream, continuation) = AsyncStream.makeStream(
            of: Piece.self,
            bufferingPolicy: .bufferingNewest(Limits.recordTailPiecesMax)
        )
        followers.withLock { $0[id] = continuation }
        continuation.onTermination = { [weak self] _ in self?.followers.withLock { $0[id] = nil } }
        return stream
    }
}

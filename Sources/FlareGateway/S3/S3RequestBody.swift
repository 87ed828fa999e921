import FlareModel
package import NIOCore
import Synchronization

/// The body of one request, as it arrives: filled by the connection on its event loop, emptied by the one task that
/// answers the request.
///
/// Holds back its sender: the connection reads on only as the pieces are taken. A client that waits for `100 Continue`
/// is told to go on when the first piece is asked for.
package final class S3RequestBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    private struct State {
        var pieces = CircularBuffer<ByteBuffer>()
        var bytes = 0
        /// Nil while more may come.
        var end: Result<Void, any Error>?
        var waiter: CheckedContinuation<ByteBuffer?, any Error>?
        /// Somebody has asked for a piece.
        var isWanted = false
        /// The connection has put off reading until it is called.
        var isHeldBack = false
    }

    /// Whether the client sends nothing before it is told to.
    private let expectsContinue: Bool
    private let state = Mutex(State())
    /// Calls the connection back: there is room again, or the body is wanted now.
    private let resume: @Sendable () -> Void

    /// - Parameter resume: called, from any thread, when the connection has been held back and may read on, and when a
    ///   client that waits may be told to go on.
    package init(expectsContinue: Bool, resume: @escaping @Sendable () -> Void) {
        self.expectsContinue = expectsContinue
        self.resume = resume
    }

    /// A body that has arrived already.
    package convenience init(_ bytes: ByteBuffer) {
        self.init(expectsContinue: false) {}
        push(bytes)
        finish()
    }

    // MARK: The connection's side

    /// Whether the connection may read more of this body now; when not, `resume` is called once it may.
    func mayRead() -> Bool {
        state.withLock { state in
            let room =
                state.isWanted
                ? Limits.s3BodyBytesHigh : expectsContinue ? 0 : Limits.s3BodyBytesAhead
            state.isHeldBack = state.bytes >= room && state.end == nil
            return !state.isHeldBack
        }
    }

    /// Whether the client waits to be told to go on, and shall be.
    var isWanted: Bool { state.withLock { $0.isWanted } }

    /// Whether all of the body has come, or never will.
    var hasEnded: Bool { state.withLock { $0.end != nil } }

    func push(_ piece: ByteBuffer) {
        guard piece.readableBytes > 0 else { return }
        let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard state.end == nil else { return nil }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.pieces.append(piece)
            state.bytes += piece.readableBytes
            return nil
        }
        waiter?.resume(returning: piece)
    }

    func finish() { end(.success(())) }

    /// The rest will not come.
    func fail(_ error: any Error) { end(.failure(error)) }

    /// Drops what has come and what will come.
    func drop() {
        state.withLock { state in
            state.pieces.removeAll()
            state.bytes = 0
        }
    }

    private func end(_ result: Result<Void, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: result.map { nil })
    }

    // MARK: The reader's side

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let body: S3RequestBody

        package mutating func next() async throws -> ByteBuffer? { try await body.next() }
    }

    private func next() async throws -> ByteBuffer? {
        let (piece, resumes) = try state.withLock { state in
            // The connection need not have been held back yet: a client that waits is told to go on all the same.
            let isFirst = expectsContinue && !state.isWanted
            let piece = try Self.take(&state)
            return (piece, Self.resumes(&state) || isFirst)
        }
        if resumes { resume() }
        if let piece { return piece.bytes }
        return try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<ByteBuffer?, any Error>? in
                let taken = Result { try Self.take(&state) }
                if case .success(nil) = taken {
                    precondition(state.waiter == nil, "a body has one reader")
                    state.waiter = continuation
                    return nil
                }
                return taken.map { $0?.bytes }
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// A piece, or the end.
    private struct Taken {
        let bytes: ByteBuffer?
    }

    /// What there is now; nil when that is nothing yet.
    private static func take(_ state: inout State) throws -> Taken? {
        state.isWanted = true
        if let piece = state.pieces.popFirst() {
            state.bytes -= piece.readableBytes
            return Taken(bytes: piece)
        }
        switch state.end {
        case .success: return Taken(bytes: nil)
        case .failure(let error): throw error
        case nil: return nil
        }
    }

    private static func resumes(_ state: inout State) -> Bool {
        guard state.isHeldBack, state.bytes < Limits.s3BodyBytesLow else { return false }
        state.isHeldBack = false
        return true
    }
}

import FlareModel
import Synchronization

/// How many bytes of a stream a process may still be sent; it gives more as it reads.
///
/// One task takes.
final class StreamWindow: Sendable {
    fileprivate struct State {
        var bytes = Limits.streamWindowBytes
        var isClosed = false
        var taker: (count: Int, continuation: CheckedContinuation<Int, any Error>)?
    }

    private let state = Mutex(State())

    /// Waits until something may be sent, and takes up to `count` bytes of it.
    ///
    /// Throws `CancellationError` when the process wants no more.
    func take(_ count: Int) async throws -> Int {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ready = state.withLock { state -> Result<Int, any Error>? in
                    if state.isClosed { return .failure(CancellationError()) }
                    guard state.bytes > 0 else {
                        state.taker = (count, continuation)
                        return nil
                    }
                    return .success(state.take(count))
                }
                if let ready { continuation.resume(with: ready) }
            }
        } onCancel: {
            close()
        }
    }

    /// Allows so many bytes more.
    func add(_ count: Int) {
        let taken = state.withLock { state -> (Int, CheckedContinuation<Int, any Error>)? in
            // The process is not trusted to count well, but cannot ask for more than one window.
            state.bytes = min(state.bytes + max(0, count), Limits.streamWindowBytes)
            guard state.bytes > 0, let taker = state.taker else { return nil }
            state.taker = nil
            return (state.take(taker.count), taker.continuation)
        }
        taken?.1.resume(returning: taken?.0 ?? 0)
    }

    /// Nothing more is sent.
    func close() {
        let taker = state.withLock { state in
            state.isClosed = true
            defer { state.taker = nil }
            return state.taker
        }
        taker?.continuation.resume(throwing: CancellationError())
    }
}

extension StreamWindow.State {
    fileprivate mutating func take(_ count: Int) -> Int {
        let taken = min(count, bytes)
        bytes -= taken
        return taken
    }
}

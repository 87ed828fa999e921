import FlareModel
package import NIOCore
import Synchronization

/// A body on its way from one task to another, of which only a window is held in memory.
///
/// One task writes and one reads. Whoever stops reading cancels, on which writing throws `CancellationError`.
package final class BodyPipe: Sendable {
    fileprivate struct State {
        var buffers = CircularBuffer<ByteBuffer>()
        /// Bytes that wait to be read.
        var bytes = 0
        /// Bytes that were read and not yet allowed again to the process that sends.
        var unpaid = 0
        var end: Result<Void, any Error>?
        var isCancelled = false
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
        var writer: CheckedContinuation<Void, any Error>?
        var onConsumed: (@Sendable (Int) -> Void)?
        var onCancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds bytes, once there is room.
    ///
    /// Throws `CancellationError` when nobody will read them.
    package func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > 0 else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let ready = state.withLock { state -> Result<Void, any Error>? in
                    if state.isCancelled || state.end != nil { return .failure(CancellationError()) }
                    if state.bytes < Limits.streamWindowBytes { return .success(()) }
                    state.writer = continuation
                    return nil
                }
                if let ready { continuation.resume(with: ready) }
            }
        } onCancel: {
            fail(CancellationError())
        }
        _ = add(buffer)
    }

    /// Adds bytes that a process sends, which keeps to the credit that it was given.
    ///
    /// Returns false when it does not.
    func receive(_ buffer: ByteBuffer) -> Bool {
        let isWithin = state.withLock {
            $0.isCancelled || $0.bytes + $0.unpaid + buffer.readableBytes <= Limits.streamWindowBytes
        }
        return isWithin && add(buffer)
    }

    /// The next bytes; nil at the end.
    ///
    /// Cancels the pipe when the reading task is cancelled.
    package func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (ready, consumed) = state.withLock { $0.read(continuation) }
                consumed?()
                if let ready { continuation.resume(with: ready) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Nothing more comes.
    package func finish() { close(.success(())) }

    /// Nothing more comes, since something broke; the reader learns of it after the bytes before.
    package func fail(_ error: any Error) { close(.failure(error)) }

    /// Nobody reads any more.
    ///
    /// Does nothing after the end.
    package func cancel() {
        let (reader, writer, onCancel) = state.withLock { state in
            let isNew = !state.isCancelled && state.end == nil
            state.isCancelled = true
            state.buffers.removeAll()
            state.bytes = 0
            defer { (state.reader, state.writer) = (nil, nil) }
            return (state.reader, state.writer, isNew ? state.onCancel : nil)
        }
        onCancel?()
        reader?.resume(throwing: CancellationError())
        writer?.resume(throwing: CancellationError())
    }

    /// Says who is told that bytes were read, and that nobody reads any more; at once when that is so already.
    func attach(onConsumed: @escaping @Sendable (Int) -> Void, onCancel: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.onConsumed = onConsumed
            state.onCancel = onCancel
            return state.isCancelled
        }
        if isCancelled { onCancel() }
    }

    private func add(_ buffer: ByteBuffer) -> Bool {
        let reader = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard !state.isCancelled, state.end == nil else { return nil }
            state.buffers.append(buffer)
            state.bytes += buffer.readableBytes
            defer { state.reader = nil }
            return state.reader
        }
        if let reader {
            let (ready, consumed) = state.withLock { $0.read(reader) }
            consumed?()
            if let ready { reader.resume(with: ready) }
        }
        return true
    }

    private func close(_ end: Result<Void, any Error>) {
        let (reader, writer) = state.withLock { state in
            guard state.end == nil else { return (nil as CheckedContinuation<ByteBuffer?, any Error>?, state.writer) }
            state.end = end
            defer { (state.reader, state.writer) = (nil, nil) }
            return (state.reader, state.writer)
        }
        // A waiting reader has read all that came before.
        reader?.resume(with: end.map { nil })
        writer?.resume(throwing: CancellationError())
    }
}

extension BodyPipe.State {
    /// Takes what is there for a reader, or has it wait.
    ///
    /// The second value, when there is one, is to be called outside of the lock.
    fileprivate mutating func read(
        _ continuation: CheckedContinuation<ByteBuffer?, any Error>
    ) -> (Result<ByteBuffer?, any Error>?, (() -> Void)?) {
        guard !isCancelled else { return (.failure(CancellationError()), nil) }
        guard let buffer = buffers.popFirst() else {
            guard let end else {
                reader = continuation
                return (nil, nil)
            }
            return (end.map { nil }, nil)
        }
        bytes -= buffer.readableBytes
        unpaid += buffer.readableBytes
        let waiting = bytes < Limits.streamWindowBytes ? writer : nil
        if waiting != nil { writer = nil }
        var payment = 0
        if unpaid >= Limits.streamCreditBytesMin {
            payment = unpaid
            unpaid = 0
        }
        let tell = onConsumed
        return (
            .success(buffer),
            {
                if payment > 0 { tell?(payment) }
                waiting?.resume()
            }
        )
    }
}

extension BodyPipe: AsyncSequence {
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pipe: BodyPipe

        package mutating func next() async throws -> ByteBuffer? { try await pipe.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pipe: self) }
}

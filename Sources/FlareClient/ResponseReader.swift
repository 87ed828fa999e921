import FlareModel
import NIOCore
import NIOHTTP1
import Synchronization

/// Bridges one HTTP answer from its channel to a task: the head once, then chunks with back-pressure.
final class ResponseReader: Sendable {
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Delegate
    >

    private struct State {
        var head: Result<HTTPResponseHead, any Error>?
        var waiting: CheckedContinuation<HTTPResponseHead, any Error>?
    }

    private let state = Mutex(State())
    private let delegate = Delegate()
    private let producer: Mutex<Producer?>
    private let source: Producer.Source

    /// Where the connection goes when the answer has ended; nil when it is closed.
    private let kept: KeptConnections?

    init(kept: KeptConnections? = nil) {
        self.kept = kept
        let made = Producer.makeSequence(
            elementType: ByteBuffer.self,
            failureType: (any Error).self,
            backPressureStrategy: .init(lowWatermark: 4, highWatermark: 32),
            finishOnDeinit: false,
            delegate: delegate
        )
        producer = Mutex(made.sequence)
        source = made.source
    }

    /// Becomes the reader of a connection.
    ///
    /// On the connection's event loop.
    func attach(to channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(Handler(reader: self))
    }

    /// Becomes the reader of a connection that had other readers before.
    ///
    /// On the connection's event loop.
    func join(_ channel: any Channel) {
        do {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            try attach(to: channel)
        } catch {
            failed(error)
        }
    }

    /// Waits for the head of the answer.
    ///
    /// May be called once.
    func response() async throws -> EngineResponse {
        let head = try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state in
                if state.head == nil { state.waiting = continuation }
                return state.head
            }
            if let known { continuation.resume(with: known) }
        }
        let sequence = producer.withLock { producer in
            defer { producer = nil }
            return producer
        }
        guard let sequence else { preconditionFailure("an answer is read once") }
        return EngineResponse(
            status: Int(head.status.code),
            headers: head.headers.map { (name: $0.name, value: $0.value) },
            chunks: ResponseChunks(base: sequence)
        )
    }

    private func received(_ head: Result<HTTPResponseHead, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<HTTPResponseHead, any Error>? in
            guard state.head == nil else { return nil }
            state.head = head
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(with: head)
    }

    private func failed(_ error: any Error) {
        received(.failure(EngineClient.unavailable(error)))
        source.finish(EngineClient.unavailable(error))
    }

    /// Reads again when the task has caught up, closes when it has stopped reading.
    final class Delegate: NIOAsyncSequenceProducerDelegate {
        private let channel = Mutex<(any Channel)?>(nil)

        func attach(_ channel: any Channel) {
            self.channel.withLock { $0 = channel }
        }

        /// The answer has ended, and the connection is somebody else's from now on.
        func detach() {
            channel.withLock { $0 = nil }
        }

        func produceMore() {
            channel.withLock { $0 }?.setOption(.autoRead, value: true).whenComplete { _ in }
        }

        func didTerminate() {
            channel.withLock { $0 }?.close(promise: nil)
        }
    }

    private final class Handler: ChannelDuplexHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundIn = HTTPClientRequestPart
        typealias OutboundOut = HTTPClientRequestPart

        private let reader: ResponseReader
        private var isSent = false
        private var isComplete = false
        private var keepsOpen = false

        init(reader: ResponseReader) {
            self.reader = reader
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            if case .end = unwrapOutboundIn(data) { isSent = true }
            context.write(data, promise: promise)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head) where head.status.code < 200: break
            case .head(let head):
                keepsOpen = head.isKeepAlive
                // Before the head is told of: a reader of it may end at once, and must not close what is then kept.
                reader.delegate.attach(context.channel)
                reader.received(.success(head))
            case .body(let buffer):
                if case .stopProducing = reader.source.yield(buffer) {
                    context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                }
            case .end:
                isComplete = true
                end(context)
                reader.source.finish()
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            reader.failed(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !isComplete { reader.failed(ChannelError.inputClosed) }
        }

        /// Keeps the connection when both sides are done with it in good order.
        private func end(_ context: ChannelHandlerContext) {
            guard let kept = reader.kept, keepsOpen, isSent else {
                context.close(promise: nil)
                return
            }
            reader.delegate.detach()
            let channel = context.channel
            channel.setOption(.autoRead, value: true).whenComplete { _ in }
            context.pipeline.syncOperations.removeHandler(self).whenSuccess { kept.give(channel) }
        }
    }
}

/// Open connections that nobody uses now.
final class KeptConnections: Sendable {
    private let idle = Mutex<[any Channel]>([])

    /// The one that was used last, so that those that are not needed fall asleep.
    func take() -> (any Channel)? {
        idle.withLock { idle in
            while let channel = idle.popLast() {
                if channel.isActive { return channel }
            }
            return nil
        }
    }

    func give(_ channel: any Channel) {
        idle.withLock { $0.append(channel) }
    }
}

/// The body of an answer in the pieces in which it arrives.
///
/// Reading slowly slows the engine's writes.
package struct ResponseChunks: AsyncSequence, Sendable {
    let base: ResponseReader.Producer

    package struct AsyncIterator: AsyncIteratorProtocol {
        let base: ResponseReader.Producer.AsyncIterator

        package func next() async throws -> [UInt8]? {
            try await base.next().map { Array($0.readableBytesView) }
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}

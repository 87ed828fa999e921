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

    init() {
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

    func makeHandler() -> some ChannelInboundHandler {
        Handler(reader: self)
    }

    /// Waits for the head of the answer.
    ///
    /// May be called once.
    func response(over channel: any Channel) async throws -> EngineResponse {
        delegate.attach(channel)
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

        func produceMore() {
            channel.withLock { $0 }?.setOption(.autoRead, value: true).whenComplete { _ in }
        }

        func didTerminate() {
            channel.withLock { $0 }?.close(promise: nil)
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let reader: ResponseReader
        private var isComplete = false

        init(reader: ResponseReader) {
            self.reader = reader
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head) where head.status.code < 200: break
            case .head(let head):
                reader.received(.success(head))
            case .body(let buffer):
                if case .stopProducing = reader.source.yield(buffer) {
                    context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                }
            case .end:
                isComplete = true
                reader.source.finish()
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            reader.failed(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !isComplete { reader.failed(ChannelError.inputClosed) }
        }
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

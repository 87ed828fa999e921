import FlareModel
import FlarePipelines
import Logging
import NIOCore

/// One connection of the Kafka door.
///
/// Confined to its event loop; a request goes from the bytes to the stream and back without a task, Codable or a String
/// per record. Answers leave in the order of their requests, as the protocol demands.
final class KafkaHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Sent by the server when it stops: answer what has arrived, then close.
    struct Quiesce: Sendable {}

    private let pipelines: PipelineService
    /// Bytes of large requests that are arriving, over all connections.
    private let arrivingBytes: Counter
    private let logger: Logger
    private var frames = KafkaFrames()
    private var connection: KafkaConnection?
    private var replies = ReplyQueue()
    private var context: ChannelHandlerContext?
    private var lastRead = NIODeadline.now()
    private var requestBegan: NIODeadline?
    /// What this connection has added to `arrivingBytes`.
    private var reservedBytes = 0
    private var isWaitingForMemory = false
    /// It will be looked again whether there is memory.
    private var hasMemoryTimer = false
    private var hasPendingRead = false
    private var isProcessing = false
    private var isQuiescing = false
    /// No further request is looked at: the connection ends once all answers are written.
    private var hasEnded = false
    private var isLingering = false
    private var watch: RepeatedTask?

    init(pipelines: PipelineService, arrivingBytes: Counter, logger: Logger) {
        self.pipelines = pipelines
        self.arrivingBytes = arrivingBytes
        self.logger = logger
    }

    // MARK: Life of the connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        watch = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in
            bound.value.checkTimeouts(at: .now())
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        watch?.cancel()
        self.context = nil
        dropFrames()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Quiesce {
            endAfterReplies(lingers: false)
        } else if case .inputClosed? = event as? ChannelEvent {
            // A client may end its side and still wait for its answers. A request that it cut off gets none.
            endAfterReplies()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("a Kafka connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    /// Closes connections that are silent or too slow.
    func checkTimeouts(at now: NIODeadline) {
        guard let context else { return }
        if let requestBegan, !isWaitingForMemory, replies.count < Limits.kafkaPipelinedMax {
            let isStalled = now - lastRead > .seconds(Int64(Limits.kafkaStalledSeconds))
            let isSlow = now - requestBegan > .seconds(Int64(Limits.kafkaRequestSecondsMax))
            if isStalled || isSlow { context.close(promise: nil) }
        } else if replies.count == 0, now - lastRead > .seconds(Int64(Limits.kafkaIdleSeconds)) {
            context.close(promise: nil)
        }
    }

    /// Takes no further request; closes when the last answer is written.
    private func endAfterReplies(lingers: Bool = true) {
        hasEnded = true
        isQuiescing = true
        dropFrames()
        guard replies.count == 0 else { return }
        if lingers { linger() } else { context?.closeIdle() }
    }

    // MARK: Reading

    private var mayRead: Bool {
        guard let context else { return false }
        return hasEnded
            || (!isWaitingForMemory && replies.count < Limits.kafkaPipelinedMax && context.channel.isWritable)
    }

    /// Reads no further while the client has many answers to wait for, does not take those it got, or memory is short.
    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { hasPendingRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading() {
        guard hasPendingRead, mayRead, let context else { return }
        hasPendingRead = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the end is read and forgotten, so that the client is not reset before it has read the last
        // answer.
        if hasEnded { return }
        lastRead = .now()
        frames.append(unwrapInboundIn(data))
        process()
    }

    /// Takes requests that are complete, as many as may wait for their answer.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while !hasEnded, replies.count < Limits.kafkaPipelinedMax {
            switch frames.next() {
            case .request(let frame):
                release()
                requestBegan = nil
                receive(frame)
            case .incomplete(let length):
                requestBegan = frames.isInside ? requestBegan ?? lastRead : nil
                reserve(length ?? 0)
                return
            case .tooLarge(let length):
                return fail("a request of \(length) bytes is too large")
            }
        }
    }

    /// Counts a large request before it is read further, or waits until others are complete.
    private func reserve(_ length: Int) {
        guard length > Limits.kafkaSmallRequestBytes, reservedBytes == 0, let context else {
            isWaitingForMemory = false
            return
        }
        if arrivingBytes.add(length) <= Limits.kafkaArrivingBytesMax {
            reservedBytes = length
            isWaitingForMemory = false
            return
        }
        arrivingBytes.subtract(length)
        isWaitingForMemory = true
        if hasMemoryTimer { return }
        hasMemoryTimer = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(Int64(Limits.kafkaMemoryWaitMilliseconds))) {
            bound.value.lookForMemory()
        }
    }

    private func lookForMemory() {
        hasMemoryTimer = false
        guard context != nil, isWaitingForMemory else { return }
        process()
        resumeReading()
    }

    private func release() {
        arrivingBytes.subtract(reservedBytes)
        reservedBytes = 0
    }

    private func dropFrames() {
        frames.removeAll()
        release()
        requestBegan = nil
        isWaitingForMemory = false
    }

    // MARK: Requests

    private func receive(_ frame: ByteBuffer) {
        let action: KafkaConnection.Action
        var connection = connection ?? KafkaConnection(broker: broker)
        do throws(KafkaMalformed) {
            action = try connection.receive(frame)
        } catch {
            return fail(error.reason)
        }
        self.connection = connection
        let ticket = replies.reserve()
        switch action {
        case .reply(let reply): finish(ticket, reply)
        case .replyThenClose(let reply): finish(ticket, reply, closes: true)
        case .produce(let request): produce(request, ticket)
        case .nextProducerID(let header): makeProducerID(header, ticket)
        }
    }

    private func produce(_ request: KafkaProduceRequest, _ ticket: Int) {
        guard let context else { return }
        KafkaProduceCall(request, pipelines: pipelines, token: connection?.token, on: context.eventLoop) { call in
            if let reply = call.reply {
                self.finish(ticket, reply)
            } else {
                // A client that wants no answers learns of a failure by the end of its connection, as from Kafka.
                self.finish(ticket, ByteBuffer(), closes: call.hasFailed)
            }
        }.start()
    }

    private func makeProducerID(_ header: KafkaRequestHeader, _ ticket: Int) {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { [pipelines] in try await pipelines.nextProducerID() }
            .whenComplete { result in
                switch result {
                case .success(let id): bound.value.finish(ticket, KafkaProducerID.reply(header, id: id))
                case .failure(let error):
                    let code = (error as? FlareError).map { KafkaErrorCode($0.code) } ?? .unknownServerError
                    bound.value.finish(ticket, KafkaProducerID.reply(header, error: code, id: -1))
                }
            }
    }

    /// Where the client reached this broker.
    private var broker: KafkaBroker {
        let address = context?.channel.localAddress
        // An IPv4 client of an IPv6 socket.
        let host = address?.ipAddress.map { $0.hasPrefix("::ffff:") ? String($0.dropFirst(7)) : $0 }
        return KafkaBroker(
            host: host ?? "127.0.0.1",
            port: Int32(address?.port ?? 0),
            topics: { [pipelines] in pipelines.names() },
            isToken: { [pipelines] in pipelines.acceptsAnywhere(token: $0) }
        )
    }

    // MARK: Answers

    /// Ends the connection because of a request that cannot be answered.
    private func fail(_ reason: String) {
        let client = context?.channel.remoteAddress.map { "\($0)" } ?? ""
        logger.warning("a Kafka request was refused", metadata: ["reason": "\(reason)", "client": "\(client)"])
        endAfterReplies()
    }

    private func finish(_ ticket: Int, _ reply: ByteBuffer, closes: Bool = false) {
        if closes {
            hasEnded = true
            dropFrames()
        }
        replies.complete(ticket, with: reply, closes: closes)
        writeReplies()
        if isQuiescing, replies.count == 0 { return linger() }
        process()
        resumeReading()
    }

    private func writeReplies() {
        guard let context else { return }
        var hasWritten = false
        while let action = replies.next() {
            hasWritten = true
            switch action {
            case .write(let reply): context.write(wrapOutboundOut(reply), promise: nil)
            case .writeContinue: break
            case .writeThenClose(let reply):
                context.write(wrapOutboundOut(reply), promise: nil)
                linger()
            }
        }
        if hasWritten { context.flush() }
    }

    /// Ends our side and lets the client end its own.
    private func linger() {
        guard let context, !isLingering else { return }
        dropFrames()
        hasEnded = true
        isLingering = true
        context.flush()
        let channel = context.channel
        context.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
        context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        resumeReading()
    }
}

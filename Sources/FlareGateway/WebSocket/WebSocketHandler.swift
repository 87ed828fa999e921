import FlareModel
import FlarePipelines
import NIOCore

/// One WebSocket connection: messages in, durable, then the answers, in the order of the messages.
///
/// Confined to its event loop. What one turn of reading brings goes to the stream in one append, and one answer covers
/// all messages in a row that were taken whole: so a client that sends without waiting gets few answers, and one that
/// waits gets each at once.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What all connections of the door share.
    struct Surroundings: Sendable {
        let producers: WebSocketProducers
        /// Bytes of incomplete bodies in memory over all connections.
        let bodiesBytes: Counter
        let now: @Sendable () -> Timestamp
    }

    private enum Phase {
        /// A producer whose former connection still has an append under way.
        case waiting
        case open
        /// No more messages are taken; the close frame follows the last answer.
        case closing(WebSocketClose)
        /// The close frame is sent; what the client still sends is read and forgotten.
        case lingering(until: NIODeadline)
        case gone
    }

    private let stream: StreamLog
    private let producer: String?
    private let surroundings: Surroundings
    private var context: ChannelHandlerContext?
    private var phase = Phase.waiting
    private var reader = WebSocketReader()
    private var gather = WebSocketGather()
    private var answers = WebSocketAnswers()
    private var sequence: WebSocketSequence?
    private var claim: WebSocketProducers.Claim?
    /// Frames to be written at the end of this turn.
    private var output = ByteBuffer()
    /// Of this connection in `bodiesBytes`.
    private var countedBytes = 0
    private var hasPendingRead = false
    private var hasInputEnded = false
    private var lastRead = NIODeadline.now()
    private var unansweredPings = 0
    private var watch: RepeatedTask?

    init(stream: StreamLog, producer: String?, surroundings: Surroundings) {
        self.stream = stream
        self.producer = producer
        self.surroundings = surroundings
    }

    // MARK: Life of the connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        watch = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(5), delay: .seconds(5)) { _ in
            bound.value.checkTimeouts(at: .now())
        }
        guard let producer else {
            phase = .open
            return
        }
        let claim = WebSocketProducers.Claim(
            WebSocketProducers.Name(pipeline: stream.pipelineName, producer: producer),
            granted: { eventLoop.execute { bound.value.speak() } },
            superseded: { eventLoop.execute { bound.value.supersede() } }
        )
        self.claim = claim
        surroundings.producers.add(claim)
    }

    /// The HTTP handlers before this one are gone, with a read that they may have held back.
    func begun() {
        guard let context else { return }
        channelReadComplete(context: context)
        read(context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        watch?.cancel()
        self.context = nil
        phase = .gone
        gather.clear()
        surroundings.bodiesBytes.subtract(countedBytes)
        countedBytes = 0
        releaseClaim()
    }

    /// The producer is ours: tells it where it stands.
    private func speak() {
        guard let producer, let context, case .waiting = phase else { return releaseClaim() }
        let last = stream.lastSequence(kind: .webSocket, id: Array(producer.utf8))
        sequence = WebSocketSequence(durable: last)
        phase = .open
        WebSocketWriter.write(.text, WebSocketAnswer.greeting(producer: producer, sequence: last), to: &output)
        takeEvents()
        endTurn()
        resumeReading()
        if hasInputEnded { endInput(context) }
    }

    private func supersede() {
        gather.clear()
        close(.superseded)
    }

    /// Lets the producer's next connection begin once nothing of this one can become durable any more.
    private func releaseClaim() {
        guard let claim, answers.isEmpty else { return }
        switch phase {
        case .closing where gather.isEmpty, .lingering, .gone:
            self.claim = nil
            surroundings.producers.release(claim)
        case .waiting, .open, .closing:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IngestHandler.Quiesce {
            close(.goingAway)
        } else if case .inputClosed? = event as? ChannelEvent {
            hasInputEnded = true
            endInput(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// A client may end its side without a close frame, and still gets its answers.
    private func endInput(_ context: ChannelHandlerContext) {
        switch phase {
        case .waiting, .closing: break
        case .open: close(WebSocketClose(nil))
        case .lingering, .gone: context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Pings a silent client, and closes the connection of one that is gone.
    func checkTimeouts(at now: NIODeadline) {
        guard let context else { return }
        if case .lingering(let until) = phase {
            if now >= until { context.close(promise: nil) }
            return
        }
        let silence = now - lastRead
        let limit = Int64(Limits.webSocketPingSeconds * (Limits.webSocketPingsMissedMax + 1))
        guard context.channel.isWritable else {
            if silence >= .seconds(limit) { context.close(promise: nil) }
            return
        }
        // While answers are due the client may wait for them, and may not be read at all.
        guard case .open = phase, answers.isEmpty, gather.isEmpty else { return }
        reader.shrink()
        gather = WebSocketGather()
        if unansweredPings == Limits.webSocketPingsMissedMax, silence >= .seconds(limit) {
            close(.silent)
        } else if silence >= .seconds(Int64(Limits.webSocketPingSeconds * (unansweredPings + 1))) {
            unansweredPings += 1
            WebSocketWriter.write(.ping, ByteBuffer(), to: &output)
            writeOutput()
        }
    }

    // MARK: Reading

    /// Reads no further while the client has much to be answered or does not take its answers.
    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            hasPendingRead = true
        }
    }

    private var mayRead: Bool {
        switch phase {
        case .waiting: false
        case .lingering, .gone: true
        case .open, .closing:
            answers.bytes + gather.bytes < Limits.webSocketWaitingBytesMax
                && answers.messages + gather.count < Limits.webSocketWaitingMessagesMax
                && context?.channel.isWritable ?? false
        }
    }

    private func resumeReading() {
        guard hasPendingRead, mayRead, let context else { return }
        hasPendingRead = false
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        unansweredPings = 0
        switch phase {
        case .waiting: reader.append(unwrapInboundIn(data))
        case .open:
            reader.append(unwrapInboundIn(data))
            takeEvents()
        case .closing, .lingering, .gone: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        countBytes()
        endTurn()
        context.fireChannelReadComplete()
    }

    private func takeEvents() {
        do throws(WebSocketClose) {
            while case .open = phase, let event = try reader.next() { take(event) }
        } catch {
            close(error)
        }
    }

    private func take(_ event: WebSocketReader.Event) {
        switch event {
        case .message(let bytes):
            if sequence == nil {
                gather.add(bytes)
            } else {
                sequence?.take(bytes, into: &gather)
            }
        case .ping(let payload): WebSocketWriter.write(.pong, payload, to: &output)
        case .pong: break
        case .close(let close): self.close(WebSocketClose(close.code))
        }
    }

    /// Counts what is held of an incomplete message, so that many connections together cannot fill the memory.
    private func countBytes() {
        let bytes = reader.bufferedBytes
        let difference = bytes - countedBytes
        guard difference != 0 else { return }
        countedBytes = bytes
        guard surroundings.bodiesBytes.add(difference) > Limits.ingestBodiesBytesMax, difference > 0 else { return }
        close(.tryLater)
    }

    // MARK: Records

    /// Sends what was gathered to the stream, and what is to be written to the client.
    private func endTurn() {
        append()
        writeOutput()
        endIfAnswered()
    }

    private func append() {
        guard let context, !gather.isEmpty, producer == nil || answers.isEmpty else { return }
        let (round, batch) = gather.build(for: stream, producer: producer, sequence, at: surroundings.now())
        let count = batch.recordCount
        let bytes = batch.lineBytes
        let ticket = answers.reserve(round)
        guard count > 0 else { return answered(ticket, nil, records: 0, bytes: 0) }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        stream.append(batch, on: context.eventLoop) { result in
            bound.value.answered(ticket, result, records: count, bytes: bytes)
            bound.value.endTurn()
            bound.value.resumeReading()
        }
    }

    /// The stream has answered for a round.
    private func answered(_ ticket: Int, _ result: Result<AppendReceipt, FlareError>?, records: Int, bytes: Int) {
        let round = answers.complete(ticket, with: result)
        switch result {
        case .success, nil:
            if let last = round.sequences?.upperBound, result != nil { sequence?.succeeded(last) }
            if records + round.refusedRecords > 0 {
                stream.metrics.took(.webSocket, records: records, bytes: bytes, refused: round.refusedRecords)
            }
        case .failure(let error):
            if let first = round.sequences?.lowerBound { sequence?.failed(from: first) }
            if let sequence { gather.refuse(after: sequence) }
            failed(error)
        }
        answers.writeReady(resume: sequence?.resume, to: &output)
        if context == nil { releaseClaim() }
    }

    private func failed(_ error: FlareError) {
        switch error.code {
        case .tooManyRequests: stream.metrics.throttled(.webSocket)
        case .diskFull: break
        case .pipelineNotFound: close(.policy(error.message))
        default: close(.failed(error.message))
        }
    }

    // MARK: Writing and the end

    private func writeOutput() {
        guard output.readableBytes > 0, let context else { return output.clear() }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output = ByteBuffer()
    }

    /// Takes no more messages; those before are answered first.
    private func close(_ close: WebSocketClose) {
        switch phase {
        case .waiting, .open:
            phase = .closing(close)
            endTurn()
        case .closing, .lingering, .gone: break
        }
    }

    /// The close frame, and then the end of our side: closing at once would reset the connection, and the client might
    /// lose what it has not read.
    private func endIfAnswered() {
        guard case .closing(let close) = phase, gather.isEmpty, answers.isEmpty, let context else { return }
        phase = .lingering(until: .now() + .seconds(Int64(Limits.webSocketLingerSeconds)))
        WebSocketWriter.write(close, to: &output)
        writeOutput()
        releaseClaim()
        if hasInputEnded {
            context.close(promise: nil)
        } else {
            context.close(mode: .output, promise: nil)
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .seconds(Int64(Limits.webSocketLingerSeconds))) {
                bound.value.checkTimeouts(at: .now())
            }
            resumeReading()
        }
    }
}

extension WebSocketSequence {
    fileprivate mutating func take(_ message: ByteBuffer, into gather: inout WebSocketGather) {
        gather.add(envelope: message, &self)
    }
}

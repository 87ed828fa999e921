import FlareModel
import FlarePipelines
import NIOCore
import NIOHTTP1

/// One connection of the ingest door: records in, durable, then the answer.
///
/// Confined to its event loop. The path of a request is decoder, here, log, and back on the loop by one callback; there
/// is no task, no Codable and no String per record on it.
final class IngestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Sent by the server when it stops: finish what has begun, then close.
    struct Quiesce: Sendable {}

    /// A request whose end has not arrived yet.
    private struct Receiving {
        let ticket: Int
        let begunAt: NIODeadline
        var route: IngestRoute
        var keepsAlive: Bool
        let isHead: Bool
        var body = ByteBuffer()
    }

    private let pipelines: PipelineService
    /// Body bytes in memory over all connections.
    private let bodiesBytes: Counter
    private var replies = ReplyQueue()
    private var receiving: Receiving?
    private var context: ChannelHandlerContext?
    private var lastRead = NIODeadline.now()
    private var lingersUntil: NIODeadline?
    private var hasPendingRead = false
    private var isQuiescing = false
    /// A request was the last one of this connection: what follows it is not read as requests.
    private var hasLastRequest = false
    private var watch: RepeatedTask?

    init(pipelines: PipelineService, bodiesBytes: Counter) {
        self.pipelines = pipelines
        self.bodiesBytes = bodiesBytes
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
        dropBody()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Quiesce {
            quiesce(context)
        } else if case .inputClosed? = event as? ChannelEvent {
            // A client may end its side and still wait for its answers. A request that it cut off gets none.
            dropBody()
            receiving = nil
            quiesce(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        if lingersUntil != nil || (receiving == nil && replies.count == 0) { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, lingersUntil == nil else {
            context.close(promise: nil)
            return
        }
        let ticket = receiving?.ticket ?? replies.reserve()
        fail(ticket, FlareError(.invalidData, "the request is not valid HTTP: \(error)"), closes: true)
    }

    /// Closes connections that are silent or too slow.
    func checkTimeouts(at now: NIODeadline) {
        guard let context else { return }
        if let lingersUntil {
            if now >= lingersUntil { context.close(promise: nil) }
        } else if let receiving {
            let isStalled = now - lastRead > .seconds(Int64(Limits.ingestStalledSeconds))
            let isSlow = now - receiving.begunAt > .seconds(Int64(Limits.ingestRequestSecondsMax))
            guard isStalled || isSlow else { return }
            fail(
                receiving.ticket,
                FlareError(.deadlineExceeded, "the request did not arrive in time", hint: "send smaller bodies"),
                closes: true
            )
        } else if replies.count == 0, now - lastRead > .seconds(Int64(Limits.ingestIdleSeconds)) {
            context.close(promise: nil)
        }
    }

    // MARK: Reading

    /// Reads no further while the client has many answers to wait for or does not take those it got.
    func read(context: ChannelHandlerContext) {
        if replies.count < Limits.ingestPipelinedMax && context.channel.isWritable {
            context.read()
        } else {
            hasPendingRead = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading() {
        guard hasPendingRead, let context, context.channel.isWritable, replies.count < Limits.ingestPipelinedMax
        else { return }
        hasPendingRead = false
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the last request is read and forgotten, so that the client is not reset before it has read
        // the last reply.
        if hasLastRequest { return }
        lastRead = .now()
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes): take(bytes)
        case .end: end()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        let ticket = replies.reserve()
        // A client that asks to switch protocols would speak another one after this answer.
        let keepsAlive =
            head.isKeepAlive && !isQuiescing && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
        receiving = Receiving(
            ticket: ticket,
            begunAt: lastRead,
            route: IngestRoute(head, pipelines: pipelines),
            keepsAlive: keepsAlive,
            isHead: head.method == .HEAD
        )
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        if announced > Limits.bodyBytesMax {
            return fail(ticket, Self.bodyTooLarge(), closes: true)
        }
        if case .records(let stream, _) = receiving?.route {
            if let refusal = stream.refusal(ofBytes: announced) { receiving?.route = .refused(refusal) }
        }
        guard head.headers.first(name: "expect")?.lowercased() == "100-continue" else { return }
        if case .refused(let error) = receiving?.route {
            fail(ticket, error, closes: true)
        } else {
            replies.expectContinue(ticket)
            writeReplies()
        }
    }

    private func take(_ bytes: ByteBuffer) {
        guard var current = receiving, case .records = current.route else { return }
        let total = current.body.readableBytes + bytes.readableBytes
        guard total <= Limits.bodyBytesMax else {
            return fail(current.ticket, Self.bodyTooLarge(), closes: true)
        }
        guard bodiesBytes.add(bytes.readableBytes) <= Limits.ingestBodiesBytesMax else {
            bodiesBytes.subtract(bytes.readableBytes)
            dropBody()
            receiving?.route = .refused(
                FlareError(.tooManyRequests, "too many large requests at once", hint: "send again later")
            )
            return
        }
        receiving = nil
        if current.body.readableBytes == 0 {
            current.body = bytes
        } else {
            current.body.writeImmutableBuffer(bytes)
        }
        receiving = current
    }

    private static func bodyTooLarge() -> FlareError {
        FlareError(
            .bodyTooLarge,
            "the body is larger than the limit of \(Limits.bodyBytesMax) bytes",
            hint: "send the records in several requests"
        )
    }

    private func end() {
        guard let request = receiving else { return }
        receiving = nil
        hasLastRequest = !request.keepsAlive
        bodiesBytes.subtract(request.body.readableBytes)
        switch request.route {
        case .greeting:
            finish(request.ticket, IngestReply.greeting, closes: !request.keepsAlive)
        case .refused(let error):
            fail(request.ticket, error, closes: !request.keepsAlive, hasBody: !request.isHead)
        case .records(let stream, let form):
            append(request, to: stream, form)
        }
    }

    // MARK: Records

    private func append(_ request: Receiving, to stream: StreamLog, _ form: BodyForm) {
        guard let context else { return }
        let ticket = request.ticket
        let closes = !request.keepsAlive
        let batch: IngestBatch
        do {
            batch = try IngestBatch.scan(
                request.body,
                form: form,
                source: .http,
                rules: stream.rules,
                at: pipelines.now()
            )
        } catch {
            let error = error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
            return fail(ticket, error, closes: closes)
        }
        if let error = batch.allRefused {
            let reply = IngestReply.failure(error, result: batch.result(offset: nil), closes: closes)
            return finish(ticket, reply, closes: closes)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let answer = batch.answer
        stream.append(batch, on: context.eventLoop) { result in
            switch result {
            case .success(let receipt):
                bound.value.finish(ticket, answer.reply(offset: receipt.offset), closes: closes)
            case .failure(let error): bound.value.fail(ticket, error, closes: closes)
            }
        }
    }

    // MARK: Replies

    private func fail(_ ticket: Int, _ error: FlareError, closes: Bool, hasBody: Bool = true) {
        if closes && receiving?.ticket == ticket {
            dropBody()
            receiving = nil
            hasLastRequest = true
        }
        let closes = closes || isQuiescing
        finish(ticket, IngestReply.failure(error, closes: closes, hasBody: hasBody), closes: closes)
    }

    private func finish(_ ticket: Int, _ reply: ByteBuffer, closes: Bool) {
        replies.complete(ticket, with: reply, closes: closes || (isQuiescing && receiving == nil && replies.count == 1))
        writeReplies()
        resumeReading()
    }

    private func writeReplies() {
        guard let context else { return }
        var hasWritten = false
        while let action = replies.next() {
            hasWritten = true
            switch action {
            case .write(let reply): context.write(wrapOutboundOut(reply), promise: nil)
            case .writeContinue: context.write(wrapOutboundOut(IngestReply.continuation), promise: nil)
            case .writeThenClose(let reply):
                context.write(wrapOutboundOut(reply), promise: nil)
                linger(context)
            }
        }
        if hasWritten { context.flush() }
    }

    /// Ends our side and lets the client end its own.
    private func linger(_ context: ChannelHandlerContext) {
        dropBody()
        receiving = nil
        hasLastRequest = true
        lingersUntil = .now() + .seconds(2)
        context.flush()
        context.close(mode: .output, promise: nil)
    }

    private func dropBody() {
        guard let count = receiving?.body.readableBytes, count > 0 else { return }
        bodiesBytes.subtract(count)
        receiving?.body = ByteBuffer()
    }
}

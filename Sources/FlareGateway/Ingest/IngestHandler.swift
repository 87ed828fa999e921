import FlareModel
import FlarePipelines
import NIOCore
import NIOHTTP1

/// One connection of the ingest door: records in, durable, then the answer.
///
/// Confined to its event loop. The path of a request is decoder, here, log, and back on the loop by one callback; there
/// is no task, no Codable and no String per record on it.
final class IngestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Sent by the server when it stops: finish what has begun, then close.
    struct Quiesce: Sendable {}

    /// A request whose end has not arrived yet.
    struct Receiving {
        let ticket: Int
        let begunAt: NIODeadline
        var route: IngestRoute
        /// Lines that every answer to it has.
        let headers: String
        var keepsAlive: Bool
        let isHead: Bool
        var body = ByteBuffer()
    }

    let pipelines: PipelineService
    private let webSockets: WebSocketHandler.Surroundings
    /// Loops on which large bodies are split.
    let scanners: any EventLoopGroup
    /// Body bytes in memory over all connections.
    private let bodiesBytes: Counter
    /// Where the last common request went.
    var lastStream: (name: ByteBuffer, stream: StreamLog)?
    private var replies = ReplyQueue()
    private var receiving: Receiving?
    /// A body of this connection is being split on another loop.
    var isScanning = false
    /// Whole requests that wait for it.
    var parked = CircularBuffer<Receiving>()
    var context: ChannelHandlerContext?
    private var lastRead = NIODeadline.now()
    private var lingersUntil: NIODeadline?
    private var hasPendingRead = false
    private var isQuiescing = false
    /// A request was the last one of this connection: what follows it is not read as requests.
    private(set) var hasLastRequest = false
    private var watch: RepeatedTask?

    init(
        pipelines: PipelineService,
        webSockets: WebSocketHandler.Surroundings,
        scanners: any EventLoopGroup
    ) {
        self.pipelines = pipelines
        self.scanners = scanners
        self.webSockets = webSockets
        bodiesBytes = webSockets.bodiesBytes
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
        for request in parked { bodiesBytes.subtract(request.body.readableBytes) }
        parked.removeAll()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Quiesce {
            quiesce(context)
        } else if case .inputClosed? = event as? ChannelEvent {
            // A client may end its side and still wait for its answers.
            if let receiving { fail(receiving.ticket, FlareError(malformed: .invalidEOFState), closes: true) }
            quiesce(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        if lingersUntil != nil || (receiving == nil && replies.count == 0) { context.closeIdle() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, lingersUntil == nil else {
            context.close(promise: nil)
            return
        }
        let ticket = receiving?.ticket ?? replies.reserve()
        fail(ticket, FlareError(malformed: error), closes: true)
    }

    /// Closes connections that are silent or too slow.
    func checkTimeouts(at now: NIODeadline) {
        guard let context else { return }
        if let lingersUntil {
            if now >= lingersUntil { context.close(promise: nil) }
        } else if let receiving {
            // While the door waits for the disk and reads nothing, its client cannot be late.
            guard !hasPendingRead || !context.channel.isWritable else { return }
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
        lastRead = .now()
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

    /// Something of a request has arrived.
    func noteRead() {
        lastRead = .now()
    }

    private func begin(_ head: HTTPRequestHead) {
        // A client that asks to switch protocols would speak another one after this answer.
        let keepsAlive = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
        begin(
            IngestRoute(head, pipelines: pipelines),
            announcedBytes: head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0,
            keepsAlive: keepsAlive,
            isHead: head.method == .HEAD,
            expectsContinue: head.headers.first(name: "expect")?.lowercased() == "100-continue"
        )
    }

    func begin(
        _ route: IngestRoute,
        announcedBytes: Int,
        keepsAlive: Bool,
        isHead: Bool = false,
        expectsContinue: Bool = false
    ) {
        let ticket = replies.reserve()
        var route = route
        var headers = ""
        switch route {
        case .records(let request):
            headers = request.headers
            if let refusal = request.stream.refusal(ofBytes: announcedBytes) {
                note(refusal, of: request.stream)
                route = .refused(refusal, headers: headers)
            }
        case .refused(_, let refusalHeaders): headers = refusalHeaders
        case .greeting, .preflight, .webSocket: break
        }
        receiving = Receiving(
            ticket: ticket,
            begunAt: lastRead,
            route: route,
            headers: headers,
            keepsAlive: keepsAlive && !isQuiescing,
            isHead: isHead
        )
        if announcedBytes > Limits.bodyBytesMax {
            return fail(ticket, Self.bodyTooLarge(), closes: true)
        }
        guard expectsContinue else { return }
        if case .refused(let error, _) = route {
            fail(ticket, error, closes: true)
        } else {
            replies.expectContinue(ticket)
            writeReplies()
        }
    }

    func take(_ bytes: ByteBuffer) {
        guard var current = receiving, case .records(let request) = current.route else { return }
        let before = current.body.readableBytes
        // The body has one owner while it grows, or every piece would copy it.
        receiving = nil
        do {
            if let decoder = request.decoder {
                try decoder.decode(bytes, into: &current.body, bytesMax: Limits.bodyBytesMax)
            } else if before == 0 {
                current.body = bytes
            } else {
                current.body.writeImmutableBuffer(bytes)
            }
        } catch {
            bodiesBytes.subtract(before)
            current.body = ByteBuffer()
            current.route = .refused(Self.known(error), headers: current.headers)
            receiving = current
            return
        }
        let (total, added) = (current.body.readableBytes, current.body.readableBytes - before)
        receiving = current
        let isWithinBounds = bodiesBytes.add(added) <= Limits.ingestBodiesBytesMax
        guard total <= Limits.bodyBytesMax else { return fail(current.ticket, Self.bodyTooLarge(), closes: true) }
        guard !isWithinBounds else { return }
        dropBody()
        let refusal = FlareError(.tooManyRequests, "too many large requests at once", hint: "send again later")
        note(refusal, of: request.stream)
        receiving?.route = .refused(refusal, headers: current.headers)
    }

    /// Counts requests that were asked to come again.
    func note(_ refusal: FlareError, of stream: StreamLog) {
        if refusal.code == .tooManyRequests { stream.metrics.throttled(.http) }
    }

    static func known(_ error: any Error) -> FlareError {
        error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
    }

    private static func bodyTooLarge() -> FlareError {
        FlareError(
            .bodyTooLarge,
            "the body is larger than the limit of \(Limits.bodyBytesMax) bytes",
            hint: "send the records in several requests"
        )
    }

    func end() {
        guard let request = receiving else { return }
        receiving = nil
        hasLastRequest = !request.keepsAlive
        if isScanning {
            parked.append(request)
        } else {
            answer(request)
        }
    }

    /// Answers a request that is whole, or sets out to.
    func answer(_ request: Receiving) {
        bodiesBytes.subtract(request.body.readableBytes)
        switch request.route {
        case .greeting:
            finish(request.ticket, IngestReply.greeting, closes: !request.keepsAlive)
        case .preflight(let reply):
            finish(request.ticket, reply, closes: !request.keepsAlive)
        case .webSocket(let head, let stream):
            upgrade(request.ticket, head, stream)
        case .refused(let error, let headers):
            let reply = IngestReply.failure(
                error,
                headers: headers,
                closes: !request.keepsAlive || isQuiescing,
                hasBody: !request.isHead
            )
            finish(request.ticket, reply, closes: !request.keepsAlive || isQuiescing)
        case .records(let records):
            scan(request.body, of: records, request.ticket, closes: !request.keepsAlive)
        }
    }

    /// Leaves the connection to WebSocket, unless the handshake is refused or other answers are outstanding.
    private func upgrade(_ ticket: Int, _ head: HTTPRequestHead, _ stream: StreamLog) {
        guard let context else { return }
        switch WebSocketHandshake.answer(head, stream: stream) {
        case .failure(let refusal):
            finish(ticket, refusal.reply, closes: true)
        case .success(let acceptance):
            guard replies.count == 1, !isQuiescing else {
                let error = FlareError(.invalidArgument, "a handshake must wait for the answers before it")
                return fail(ticket, error, closes: true)
            }
            do {
                try WebSocketUpgrade.perform(
                    acceptance,
                    stream: stream,
                    surroundings: webSockets,
                    replacing: self,
                    context: context
                )
            } catch {
                fail(ticket, Self.known(error), closes: true)
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
        let headers = receiving?.ticket == ticket ? receiving?.headers ?? "" : ""
        finish(ticket, IngestReply.failure(error, headers: headers, closes: closes, hasBody: hasBody), closes: closes)
    }

    func finish(_ ticket: Int, _ reply: ByteBuffer, closes: Bool) {
        replies.complete(ticket, with: reply, closes: closes || (isQuiescing && receiving == nil && replies.count == 1))
        writeReplies()
        // Later answers may have waited for this one, and all left together.
        if isQuiescing, receiving == nil, replies.count == 0, lingersUntil == nil, let context { linger(context) }
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

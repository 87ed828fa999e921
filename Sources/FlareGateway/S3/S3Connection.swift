import FlareModel
import FlareStore
import NIOCore
import NIOHTTP1
import NIOSSL

/// One connection of the S3 door: its requests one after the other, each answered by a task of its own.
///
/// Confined to its event loop. Requests that a client has sent ahead wait until the answer before them is written.
final class S3Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Sent by the server when it stops: finish what has begun, then close.
    struct Quiesce: Sendable {}

    /// Answers one request; never fails.
    typealias Answer = @Sendable (S3IncomingRequest) async -> S3Response

    /// A request that is being answered.
    private struct Exchange {
        let number: Int
        let body: S3RequestBody
        let task: Task<Void, Never>
        let isHead: Bool
        let expectsContinue: Bool
        /// What is left of the body; nil when only its end tells.
        var bytesLeft: Int?
        var keepsAlive: Bool
        var requestHasEnded = false
        /// The head of the answer is written.
        var isAnswered = false
        /// All of the answer is written.
        var isFinished = false
        var hasToldToContinue = false
    }

    private let heads: S3ResponseHead
    private let answer: Answer
    private var context: ChannelHandlerContext?
    /// Whether the client speaks TLS; nil before its first request.
    private var isTLS: Bool?
    private var exchange: Exchange?
    private var exchangesBegun = 0
    /// Parts of requests that follow the one being answered.
    private var parked = CircularBuffer<HTTPServerRequestPart>()
    private var isUnparking = false
    private var hasPendingRead = false
    private var isQuiescing = false
    /// The last answer of this connection has been written: what still comes is dropped until then.
    private var lingersUntil: NIODeadline?
    private var lastProgress = NIODeadline.now()
    /// When the oldest of the writes began that the client has not taken; nil when there is none.
    private var writesSince: NIODeadline?
    private var watch: RepeatedTask?

    init(heads: S3ResponseHead, answer: @escaping Answer) {
        self.heads = heads
        self.answer = answer
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
        abandon()
        parked.removeAll()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Quiesce {
            quiesce(context)
        } else if case .inputClosed? = event as? ChannelEvent {
            // A client may end its side and still wait for its answer. A body that it cut off is none.
            if let exchange, !exchange.requestHasEnded { exchange.body.fail(Self.brokenOff) }
            quiesce(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let exchange, !exchange.requestHasEnded {
            // The framing of the body is broken: nothing that follows can be understood.
            self.exchange?.keepsAlive = false
            let parserError = error as? HTTPParserError
            exchange.body.fail(parserError.map(Self.broken) ?? Self.brokenOff)
            if parserError == nil { context.close(promise: nil) }
        } else if let error = error as? HTTPParserError, lingersUntil == nil, exchange == nil {
            let response = S3Failure.response(Self.malformed(error), resource: "/", requestID: "", isHead: false)
            let head = heads.encode(response, requestID: S3ResponseHead.requestID(), closes: true, isHead: false)
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
            linger(context)
        } else if error is HTTPParserError, exchange != nil {
            // What follows a whole request is none: as of a body that is longer than it was said to be.
            exchange?.keepsAlive = false
        } else {
            context.close(promise: nil)
        }
    }

    private static let brokenOff = FlareError(.interrupted, "the client has closed the connection")

    private static func malformed(_ error: HTTPParserError) -> S3Error {
        S3Error(code: "InvalidRequest", httpStatus: 400, message: FlareError(malformed: error).message)
    }

    /// What is wrong with a body whose head was right.
    private static func broken(_ error: HTTPParserError) -> S3Error {
        guard error == .invalidEOFState else { return malformed(error) }
        return S3Error.incompleteBody("the connection ended before the body did")
    }

    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        if exchange == nil { context.closeIdle() }
    }

    /// The client has gone: nobody waits for the answer.
    private func abandon() {
        guard let exchange else { return }
        exchange.body.fail(Self.brokenOff)
        if !exchange.isFinished { exchange.task.cancel() }
        self.exchange = nil
    }

    private func checkTimeouts(at now: NIODeadline) {
        guard let context else { return }
        if let lingersUntil {
            if now >= lingersUntil { context.close(promise: nil) }
        } else if let writesSince {
            if now - writesSince > .seconds(Limits.s3WriteSecondsMax) { context.close(promise: nil) }
        } else if let exchange {
            let isWaited = !exchange.requestHasEnded && !hasPendingRead
            guard isWaited, now - lastProgress > .seconds(Limits.s3StalledSeconds) else { return }
            self.exchange?.keepsAlive = false
            exchange.body.fail(
                S3Error(code: "RequestTimeout", httpStatus: 400, message: "the body did not arrive in time")
            )
        } else if now - lastProgress > .seconds(Limits.s3IdleSeconds) {
            context.close(promise: nil)
        }
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { hasPendingRead = true }
    }

    private var mayRead: Bool {
        if lingersUntil != nil { return true }
        guard let exchange else { return true }
        // What follows the request waits in the socket.
        if exchange.requestHasEnded { return false }
        return exchange.isAnswered || exchange.body.mayRead()
    }

    private func resumeReading() {
        guard let context, hasPendingRead, mayRead else { return }
        hasPendingRead = false
        lastProgress = .now()
        context.read()
    }

    /// The reader of the body has asked for more.
    private func bodyIsWanted(_ number: Int) {
        guard let context, var exchange, exchange.number == number else { return }
        if exchange.expectsContinue, !exchange.hasToldToContinue, !exchange.isAnswered, exchange.body.isWanted {
            exchange.hasToldToContinue = true
            self.exchange = exchange
            context.writeAndFlush(wrapOutboundOut(S3ResponseHead.continuation), promise: nil)
        }
        resumeReading()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if lingersUntil != nil { return }
        if !parked.isEmpty || isUnparking || exchange?.requestHasEnded == true {
            guard parked.count < Limits.s3ParkedPartsMax else {
                context.close(promise: nil)
                return
            }
            parked.append(part)
        } else {
            take(part, context)
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        lastProgress = .now()
        switch part {
        case .head(let head): begin(head, context)
        case .body(let bytes):
            guard let exchange else { return }
            if let left = exchange.bytesLeft { self.exchange?.bytesLeft = left - bytes.readableBytes }
            if !exchange.isAnswered { exchange.body.push(bytes) }
        case .end:
            exchange?.requestHasEnded = true
            exchange?.body.finish()
            finishIfDone()
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        exchangesBegun += 1
        let number = exchangesBegun
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        // Clients of HTTP/1.0 do not know the answer that they would wait for.
        // https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
        let expectsContinue =
            head.version != .http1_0 && head.headers.first(name: "expect")?.lowercased() == "100-continue"
        let body = S3RequestBody(expectsContinue: expectsContinue) {
            loop.execute { bound.value.bodyIsWanted(number) }
        }
        let requestID = S3ResponseHead.requestID()
        let request = S3IncomingRequest(head, isTLS: speaksTLS(context), body: body, requestID: requestID)
        let writer = ResponseWriter(
            connection: bound,
            channel: context.channel,
            number: number,
            requestID: requestID,
            isHead: head.method == .HEAD
        )
        // Owned by the exchange: cancelled when the connection closes before the answer is written.
        let task = Task { [answer] in
            let response = await answer(request)
            await writer.write(response)
        }
        exchange = Exchange(
            number: number,
            body: body,
            task: task,
            isHead: head.method == .HEAD,
            expectsContinue: expectsContinue,
            bytesLeft: request.bodyBytes,
            keepsAlive: head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
        )
    }

    private func speaksTLS(_ context: ChannelHandlerContext) -> Bool {
        if let isTLS { return isTLS }
        let found = (try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil
        isTLS = found
        return found
    }

    // MARK: Writing

    /// Writes the head of an answer, and the whole answer unless the bytes of an object follow.
    private func start(_ response: S3Response, number: Int, requestID: String) {
        guard let context, var exchange, exchange.number == number, !exchange.isAnswered else { return }
        exchange.isAnswered = true
        // What is left of an unwanted body is read and dropped when it is little, and else the connection ends.
        let dropsRest = exchange.requestHasEnded || (exchange.bytesLeft ?? .max) <= Limits.s3DroppedBodyBytesMax
        let holdsBack = exchange.expectsContinue && !exchange.hasToldToContinue && !exchange.requestHasEnded
        if !dropsRest || holdsBack || isQuiescing { exchange.keepsAlive = false }
        self.exchange = exchange
        exchange.body.drop()
        let head = heads.encode(
            response,
            requestID: requestID,
            closes: !exchange.keepsAlive,
            isHead: exchange.isHead
        )
        if case .object(let bytes) = response.body, bytes.sizeBytes > 0, !exchange.isHead {
            context.write(wrapOutboundOut(head), promise: nil)
            resumeReading()
        } else {
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
            finish(number)
        }
    }

    /// Bounds how long the client may take to read what has been written.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writesSince = context.channel.isWritable ? nil : .now()
        context.fireChannelWritabilityChanged()
    }

    /// All of the answer has been written.
    private func finish(_ number: Int) {
        guard exchange?.number == number else { return }
        exchange?.isFinished = true
        finishIfDone()
        resumeReading()
    }

    /// The bytes of an object could not be read on: an answer that lacks some must not look whole.
    private func cutOff(_ number: Int) {
        guard exchange?.number == number else { return }
        context?.close(promise: nil)
    }

    private func finishIfDone() {
        guard let context, let exchange, exchange.isFinished else { return }
        if !exchange.keepsAlive || (isQuiescing && exchange.requestHasEnded) {
            self.exchange = nil
            linger(context)
        } else if exchange.requestHasEnded {
            self.exchange = nil
            lastProgress = .now()
            unpark(context)
            if self.exchange == nil { resumeReading() }
        }
    }

    /// Takes the parts that have waited, up to the end of the next request.
    private func unpark(_ context: ChannelHandlerContext) {
        guard !isUnparking else { return }
        isUnparking = true
        defer { isUnparking = false }
        while exchange?.requestHasEnded != true, lingersUntil == nil, let part = parked.popFirst() {
            take(part, context)
        }
    }

    /// Ends our side and lets the client end its own, so that it is not reset before it has read the last answer.
    private func linger(_ context: ChannelHandlerContext) {
        lingersUntil = .now() + .seconds(Limits.s3LingerSecondsMax)
        parked.removeAll()
        context.close(mode: .output, promise: nil)
        resumeReading()
    }

    /// The way of an answer from its task to its connection.
    private struct ResponseWriter: Sendable {
        let connection: NIOLoopBound<S3Connection>
        let channel: any Channel
        let number: Int
        let requestID: String
        let isHead: Bool

        func write(_ response: S3Response) async {
            onLoop { $0.start(response, number: number, requestID: requestID) }
            guard case .object(let bytes) = response.body, bytes.sizeBytes > 0, !isHead else { return }
            do {
                // A chunk is read while the one before it is being sent.
                var sent: EventLoopFuture<Void>?
                for try await chunk in bytes {
                    try await sent?.get()
                    sent = channel.writeAndFlush(chunk)
                }
                try await sent?.get()
                onLoop { $0.finish(number) }
            } catch {
                onLoop { $0.cutOff(number) }
            }
        }

        private func onLoop(_ body: @escaping @Sendable (S3Connection) -> Void) {
            channel.eventLoop.execute { body(connection.value) }
        }
    }
}

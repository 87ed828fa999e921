import FlareModel
import FlarePipelines
import NIOCore
import NIOHTTP1

/// What the head of a request asks of the ingest door.
enum IngestRoute {
    /// Records for a pipeline.
    case records(IngestRequest)
    case greeting
    /// The question of a browser whether a page may send.
    case preflight(ByteBuffer)
    /// To speak WebSocket from now on.
    case webSocket(HTTPRequestHead, StreamLog)
    /// Answered with an error once its body has passed by.
    case refused(FlareError, headers: String)

    init(_ head: HTTPRequestHead, pipelines: PipelineService) {
        let path = head.uri.prefix { $0 != "?" }
        if head.method == .GET && path == "/" {
            self = .greeting
            return
        }
        var headers = ""
        do {
            let stream = try Self.stream(of: path, pipelines)
            if WebSocketRequest.isAsked(by: head) {
                self = .webSocket(head, stream)
                return
            }
            let rules = stream.rules
            headers = try Self.originHeaders(of: head, rules, stream)
            if head.method == .OPTIONS {
                self = .preflight(IngestReply.preflight(headers: headers))
                return
            }
            guard head.method == .POST else {
                throw FlareError(
                    .methodNotAllowed,
                    "pipeline \"\(stream.pipelineName)\" takes records by POST, not \(head.method.rawValue)"
                )
            }
            try Self.checkToken(of: head, rules, stream)
            self = .records(try IngestRequest(head, stream: stream, rules: rules, headers: headers))
        } catch {
            self = .refused(
                error as? FlareError ?? FlareError(.internalError, "the request failed: \(error)", cause: error),
                headers: headers
            )
        }
    }

    private static func stream(of path: Substring, _ pipelines: PipelineService) throws -> StreamLog {
        var name = path.drop { $0 == "/" }
        if name.hasSuffix("/") { name.removeLast() }
        guard !name.isEmpty else {
            throw FlareError(.routeNotFound, "the path names no pipeline", hint: "POST records to /NAME")
        }
        return try pipelines.stream(named: String(name))
    }

    /// What the answer says to a page of another origin; empty when no page asks.
    ///
    /// A page that may not send is refused here and not by its browser, which would let the records in and only hide
    /// the answer.
    private static func originHeaders(
        of head: HTTPRequestHead,
        _ rules: IngestRules,
        _ stream: StreamLog
    ) throws -> String {
        guard let origin = head.headers.first(name: "origin") else { return "" }
        guard let allowed = rules.allowedOrigin(origin) else {
            throw FlareError(
                .permissionDenied,
                "pages of \(origin) may not send to pipeline \"\(stream.pipelineName)\"",
                hint: "flare pipelines update \(stream.pipelineName) --cors-origins \(origin)"
            )
        }
        return "access-control-allow-origin: \(allowed)\r\nvary: origin\r\n"
    }

    private static func checkToken(of head: HTTPRequestHead, _ rules: IngestRules, _ stream: StreamLog) throws {
        guard rules.requiresToken else { return }
        let parts = (head.headers.first(name: "authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", stream.accepts(token: String(parts[1])) else {
            throw FlareError.tokenMissing(stream)
        }
    }
}

extension FlareError {
    /// A request without one of the tokens that its pipeline asks for.
    static func tokenMissing(_ stream: StreamLog) -> FlareError {
        FlareError(
            .unauthorized,
            "pipeline \"\(stream.pipelineName)\" takes records only with one of its tokens",
            hint: "make one with: flare pipelines tokens create \(stream.pipelineName) NAME, and send it as "
                + "\"Authorization: Bearer …\""
        )
    }
}

/// Records on their way to a pipeline, as the head of their request describes them.
struct IngestRequest {
    let stream: StreamLog
    let rules: IngestRules
    let form: BodyForm
    /// Undoes the content encoding; nil when there is none.
    let decoder: BodyDecoder?
    /// Stands for this request however often it is sent.
    let idempotencyKey: [UInt8]?
    /// Lines that every answer to it has, each with its line break.
    let headers: String

    /// A request without anything special.
    init(stream: StreamLog, rules: IngestRules, form: BodyForm) {
        self.stream = stream
        self.rules = rules
        self.form = form
        decoder = nil
        idempotencyKey = nil
        headers = ""
    }

    /// Throws `unsupportedMediaType` with the types and encodings that are taken, `invalidArgument` for a bad key.
    init(_ head: HTTPRequestHead, stream: StreamLog, rules: IngestRules, headers: String) throws {
        self.stream = stream
        self.rules = rules
        self.headers = headers
        form = try BodyForm(contentType: head.headers.first(name: "content-type"))
        decoder = try BodyDecoder(contentEncoding: head.headers["content-encoding"].joined(separator: ","))
        idempotencyKey = try head.headers.first(name: "idempotency-key").map { key in
            let bytes = Array(key.utf8)
            guard (1...Limits.producerNameBytesMax).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E) ~= $0 })
            else {
                throw FlareError(
                    .invalidArgument,
                    "an Idempotency-Key is 1 to \(Limits.producerNameBytesMax) printable ASCII characters"
                )
            }
            return bytes
        }
    }

    /// What turns the body into a batch, on any thread.
    var scan: IngestScan { IngestScan(rules: rules, form: form, idempotencyKey: idempotencyKey) }
}

/// Splits and checks bodies.
struct IngestScan: Sendable {
    let rules: IngestRules
    let form: BodyForm
    let idempotencyKey: [UInt8]?

    /// Throws `invalidData` when the body cannot be used.
    func batch(of body: ByteBuffer, at time: Timestamp) throws -> IngestBatch {
        let stamp = idempotencyKey.map { key in
            ProducerStamp(kind: .idempotencyKey, id: key, fingerprint: IngestBatch.fingerprint(of: body))
        }
        return try IngestBatch.scan(body, form: form, source: .http, rules: rules, stamp: stamp, at: time)
    }
}

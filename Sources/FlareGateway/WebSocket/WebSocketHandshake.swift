import CFlareSystem
import FlareModel
import FlarePipelines
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Decides whether a request may become a WebSocket connection, and answers it.
///
/// https://www.rfc-editor.org/rfc/rfc6455#section-4.2
enum WebSocketHandshake {
    /// A handshake that succeeded.
    struct Acceptance {
        /// `101 Switching Protocols`, ready to be written.
        let reply: ByteBuffer
        /// The name by which the client resumes.
        let producer: String?
    }

    /// A handshake that failed.
    struct Refusal: Error {
        let error: FlareError
        /// The HTTP reply, ready to be written.
        ///
        /// The connection ends with it: what follows the head may be no HTTP.
        let reply: ByteBuffer
    }

    /// What the pipeline asks of a client.
    struct Rules {
        var requiresToken = false
        var corsOrigins: [String] = []
    }

    static func answer(_ head: HTTPRequestHead, stream: StreamLog) -> Result<Acceptance, Refusal> {
        let rules = stream.rules
        return answer(
            head,
            rules: Rules(requiresToken: rules.requiresToken, corsOrigins: rules.corsOrigins),
            accepts: stream.accepts(token:)
        )
    }

    /// As above, with the rules and the check of a token given.
    static func answer(
        _ head: HTTPRequestHead,
        rules: Rules,
        accepts: (String) -> Bool
    ) -> Result<Acceptance, Refusal> {
        do throws(Refusal) {
            let key = try checkProtocol(head)
            let request = WebSocketRequest(head: head)
            try checkRights(request, rules, accepts)
            do throws(FlareError) {
                let producer = try request.producer()
                return .success(Acceptance(reply: acceptance(of: key, request), producer: producer))
            } catch {
                throw refusal("400 Bad Request", error)
            }
        } catch {
            return .failure(error)
        }
    }

    /// The rules of §4.2.1; returns the key.
    private static func checkProtocol(_ head: HTTPRequestHead) throws(Refusal) -> String {
        guard head.method == .GET, head.version.major == 1, head.version.minor >= 1 else {
            throw bad("a WebSocket handshake is GET of HTTP/1.1")
        }
        let connection = head.headers[canonicalForm: "connection"]
        guard WebSocketRequest.isAsked(by: head), connection.contains(where: { $0.lowercased() == "upgrade" }) else {
            throw bad("a WebSocket handshake has the headers \"Upgrade: websocket\" and \"Connection: Upgrade\"")
        }
        guard head.headers.contains(name: "host") else { throw bad("the header Host is missing") }
        let isBodiless = head.headers["content-length"].allSatisfy { $0 == "0" }
        guard isBodiless, !head.headers.contains(name: "transfer-encoding") else {
            throw bad("a WebSocket handshake has no body")
        }
        guard head.headers["sec-websocket-version"] == ["13"] else {
            let error = FlareError(.invalidArgument, "only version 13 of WebSocket is spoken here")
            throw refusal("426 Upgrade Required", error, headers: "sec-websocket-version: 13\r\nupgrade: websocket\r\n")
        }
        let keys = head.headers["sec-websocket-key"]
        guard keys.count == 1, Data(base64Encoded: keys[0])?.count == 16 else {
            throw bad("the header Sec-WebSocket-Key does not hold 16 bytes as base64")
        }
        return keys[0]
    }

    private static func checkRights(
        _ request: WebSocketRequest,
        _ rules: Rules,
        _ accepts: (String) -> Bool
    ) throws(Refusal) {
        // No page is asked beforehand whether it may, as with other requests: a browser sends at once.
        if let origin = request.head.headers.first(name: "origin") {
            guard rules.corsOrigins.contains("*") || rules.corsOrigins.contains(origin) else {
                let error = FlareError(
                    .permissionDenied,
                    "pages of \(origin) may not send to this pipeline",
                    hint: "flare pipelines update NAME --cors-origins \(origin)"
                )
                throw refusal("403 Forbidden", error)
            }
        }
        guard rules.requiresToken else { return }
        guard let token = request.token, accepts(token) else {
            let error = FlareError(
                .unauthorized,
                request.token == nil ? "the pipeline asks for a token" : "the token is not one of the pipeline's",
                hint: "send \"Authorization: Bearer TOKEN\", ?token=TOKEN, or the subprotocols flare, bearer.TOKEN"
            )
            throw refusal("401 Unauthorized", error, headers: "www-authenticate: Bearer\r\n")
        }
    }

    private static func acceptance(of key: String, _ request: WebSocketRequest) -> ByteBuffer {
        var reply = ByteBufferAllocator().buffer(capacity: 192)
        reply.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n")
        reply.writeString("sec-websocket-accept: \(accept(key))\r\n")
        // A browser that offered subprotocols gives up when none is chosen; the token is never sent back.
        if request.subprotocols.contains("flare") { reply.writeStaticString("sec-websocket-protocol: flare\r\n") }
        reply.writeStaticString("\r\n")
        return reply
    }

    /// Proves to the client that its key was read by something that speaks WebSocket.
    static func accept(_ key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        flare_sha1(text, text.count, &digest)
        return Data(digest).base64EncodedString()
    }

    private static func bad(_ message: String) -> Refusal {
        refusal("400 Bad Request", FlareError(.invalidArgument, message))
    }

    private static func refusal(_ status: String, _ error: FlareError, headers: String = "") -> Refusal {
        let body = FlareJSON.encode(Envelope<JSONValue>(result: nil, errors: [EnvelopeError(error)]))
        var reply = ByteBufferAllocator().buffer(capacity: 256 + body.count)
        reply.writeString("HTTP/1.1 \(status)\r\ncontent-type: application/json\r\ncontent-length: \(body.count)\r\n")
        reply.writeString("\(headers)connection: close\r\n\r\n")
        reply.writeBytes(body)
        return Refusal(error: error, reply: reply)
    }
}

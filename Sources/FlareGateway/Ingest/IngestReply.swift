import FlareModel
import FlarePipelines
import NIOCore

/// The bytes of the ingest door's replies, encoded by hand: one allocation each.
enum IngestReply {
    static let continuation = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// Answers `GET /`, and is what `flare-bench` measures the door against.
    static let greeting = make(status: "200 OK", body: Array(#"{"success":true,"result":{"service":"ingest"}}"#.utf8))

    /// All records of a request are durable.
    static func committed(_ count: Int, offset: Int64, headers: String = "") -> ByteBuffer {
        let head: StaticString = "{\"success\":true,\"result\":{\"committed\":"
        let middle: StaticString = ",\"offset\":"
        let tail: StaticString = ",\"refused\":[]}}"
        let fixed = head.utf8CodeUnitCount + middle.utf8CodeUnitCount + tail.utf8CodeUnitCount
        var reply = ByteBufferAllocator().buffer(capacity: 192)
        reply.writeStaticString("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ")
        writeDecimal(UInt64(fixed + digits(UInt64(count)) + digits(UInt64(offset))), to: &reply)
        reply.writeStaticString("\r\n")
        if !headers.isEmpty { reply.writeString(headers) }
        reply.writeStaticString("\r\n")
        reply.writeStaticString(head)
        writeDecimal(UInt64(count), to: &reply)
        reply.writeStaticString(middle)
        writeDecimal(UInt64(offset), to: &reply)
        reply.writeStaticString(tail)
        return reply
    }

    /// Some records are durable, others were refused; or the body held none.
    static func result(_ result: IngestResult, headers: String = "") -> ByteBuffer {
        make(status: "200 OK", headers: headers, body: FlareJSON.encode(Success(result: result)))
    }

    /// A page of an origin that is allowed may send what it asks to send.
    ///
    /// https://fetch.spec.whatwg.org/#http-cors-protocol
    static func preflight(headers: String) -> ByteBuffer {
        var reply = ByteBufferAllocator().buffer(capacity: 384)
        reply.writeString("HTTP/1.1 204 No Content\r\n\(headers)access-control-allow-methods: POST\r\n")
        reply.writeStaticString(
            """
            access-control-allow-headers: content-type, content-encoding, authorization, idempotency-key\r
            access-control-max-age: 86400\r
            \r

            """
        )
        return reply
    }

    /// - Parameters:
    ///   - result: what became of each record, when the body could be split.
    ///   - headers: lines beside the usual ones.
    ///   - closes: whether the connection ends with this reply.
    ///   - hasBody: false for the reply to HEAD.
    static func failure(
        _ error: FlareError,
        result: IngestResult? = nil,
        headers extra: String = "",
        closes: Bool = false,
        hasBody: Bool = true
    ) -> ByteBuffer {
        let envelope = Envelope(result: result, errors: [EnvelopeError(error)])
        var headers = extra
        switch error.code {
        case .tooManyRequests, .diskFull: headers += "retry-after: \(Limits.ingestRetryAfterSeconds)\r\n"
        case .methodNotAllowed: headers += "allow: POST\r\n"
        case .unauthorized: headers += "www-authenticate: Bearer\r\n"
        default: break
        }
        if closes { headers += "connection: close\r\n" }
        let status = error.code.httpStatus
        return make(
            status: "\(status) \(phrase(status))",
            headers: headers,
            body: FlareJSON.encode(envelope),
            hasBody: hasBody
        )
    }

    private struct Success: Encodable {
        var success = true
        var result: IngestResult
    }

    private static func make(status: String, headers: String = "", body: [UInt8], hasBody: Bool = true) -> ByteBuffer {
        var reply = ByteBufferAllocator().buffer(capacity: 128 + headers.utf8.count + body.count)
        reply.writeString("HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n")
        reply.writeString("content-length: \(body.count)\r\n\(headers)\r\n")
        if hasBody { reply.writeBytes(body) }
        return reply
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        case 507: "Insufficient Storage"
        default: "Internal Server Error"
        }
    }

    private static func digits(_ value: UInt64) -> Int {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }

    private static func writeDecimal(_ value: UInt64, to buffer: inout ByteBuffer) {
        let count = digits(value)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            var rest = value
            for index in stride(from: count - 1, through: 0, by: -1) {
                bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return count
        }
    }
}

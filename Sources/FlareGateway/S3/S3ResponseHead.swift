import FlareModel
import FlareStore
import NIOCore
import Synchronization

/// Encodes heads of responses by hand: one buffer each.
final class S3ResponseHead: Sendable {
    private let time: any TimeSource
    /// The `date` line of the current second.
    private let date = Mutex<(second: Int64, line: String)>((0, ""))

    init(time: any TimeSource) {
        self.time = time
    }

    static let continuation = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    /// The head with its empty line; a body of bytes follows in the same buffer.
    func encode(_ response: S3Response, requestID: String, closes: Bool, isHead: Bool) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: 512 + Self.bytes(of: response.body))
        buffer.writeString("HTTP/1.1 \(response.status) \(Self.phrase(response.status))\r\n")
        buffer.writeString("x-amz-request-id: \(requestID)\r\nserver: flare\r\n")
        buffer.writeString(dateLine())
        for (name, value) in response.headers {
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            Self.write(value, to: &buffer)
            buffer.writeStaticString("\r\n")
        }
        if let length = Self.length(response) { buffer.writeString("content-length: \(length)\r\n") }
        if closes { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeStaticString("\r\n")
        if case .bytes(let bytes) = response.body, !isHead { buffer.writeImmutableBuffer(bytes) }
        return buffer
    }

    /// Neither 204 nor 304 has a body, so neither has a length.
    ///
    /// https://www.rfc-editor.org/rfc/rfc9110#section-8.6
    private static func length(_ response: S3Response) -> Int? {
        if response.status == 204 || response.status == 304 { return nil }
        return switch response.body {
        case .none: 0
        case .bytes(let bytes): bytes.readableBytes
        case .object(let bytes): bytes.sizeBytes
        case .announced(let length): length
        }
    }

    private static func bytes(of body: S3Response.Body) -> Int {
        if case .bytes(let bytes) = body { bytes.readableBytes } else { 0 }
    }

    /// A value as a header may hold it: whoever stored it, it cannot end the line.
    private static func write(_ value: String, to buffer: inout ByteBuffer) {
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) {
            buffer.writeString(value)
        } else {
            buffer.writeBytes(value.utf8.map { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 ? $0 : UInt8(ascii: " ") })
        }
    }

    private func dateLine() -> String {
        let now = time.now()
        let second = now.milliseconds / 1000
        return date.withLock { date in
            if date.second != second { date = (second, "date: \(now.httpDate)\r\n") }
            return date.line
        }
    }

    /// 16 characters, as S3's are.
    static func requestID() -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var rest = UInt64.random(in: .min ... .max)
        return String(unsafeUninitializedCapacity: 16) { bytes in
            for index in 0..<16 {
                bytes[index] = digits[Int(rest & 15)]
                rest >>= 4
            }
            return 16
        }
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 416: "Range Not Satisfiable"
        case 429: "Too Many Requests"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 507: "Insufficient Storage"
        default: status < 500 ? "Refused" : "Internal Server Error"
        }
    }
}

import FlareModel
import FlareQueues

/// The answers of the message routes, written into one buffer: the envelope with its fields in the order of all others,
/// by name.
struct QueueMessagesWriter {
    private var bytes: [UInt8] = []

    /// The answer of a send.
    fileprivate static func sent(_ metrics: QueueMetrics) -> APIReply {
        var writer = QueueMessagesWriter(capacity: 256)
        writer.write("{\"errors\":[],\"messages\":[],\"result\":{\"metadata\":")
        writer.write(metrics)
        writer.write("},\"success\":true}")
        return writer.reply
    }

    /// The answer of a pull.
    fileprivate static func pulled(_ pulled: PulledBatch) -> APIReply {
        let (batch, metrics) = (pulled.batch.messages, pulled.metrics)
        let size = batch.reduce(512) { $0 + $1.body.count * 4 / 3 + 300 }
        var writer = QueueMessagesWriter(capacity: size)
        writer.write("{\"errors\":[],\"messages\":[],\"result\":{\"message_backlog_count\":")
        writer.write(Int64(metrics.backlogCount))
        writer.write(",\"messages\":[")
        for (index, message) in batch.enumerated() {
            if index > 0 { writer.write(",") }
            writer.write(message)
        }
        writer.write("],\"metadata\":")
        writer.write(metrics)
        writer.write("},\"success\":true}")
        return writer.reply
    }

    /// The answer of a pull of the command line: bodies as they are where they are text.
    fileprivate static func leased(_ messages: [LeasedMessage]) -> APIReply {
        var writer = QueueMessagesWriter(capacity: messages.reduce(256) { $0 + $1.body.count * 4 / 3 + 300 })
        writer.write("{\"errors\":[],\"messages\":[],\"result\":[")
        for (index, message) in messages.enumerated() {
            if index > 0 { writer.write(",") }
            writer.writeReadable(message)
        }
        writer.write("],\"success\":true}")
        return writer.reply
    }

    /// The answer of a settlement.
    fileprivate static func settled(_ report: SettlementReport) -> APIReply {
        var writer = QueueMessagesWriter(capacity: 256)
        writer.write("{\"errors\":[],\"messages\":[],\"result\":{\"ackCount\":")
        writer.write(Int64(report.acknowledged))
        writer.write(",\"retryCount\":")
        writer.write(Int64(report.retried))
        writer.write(",\"warnings\":{")
        for (index, warning) in report.warnings.sorted(by: { $0.key < $1.key }).enumerated() {
            writer.write(index == 0 ? "\"" : ",\"")
            writer.writeEscaped(Array(warning.key.utf8))
            writer.write("\":\"")
            writer.writeEscaped(Array(warning.value.utf8))
            writer.write("\"")
        }
        writer.write("}},\"success\":true}")
        return writer.reply
    }

    private init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    private var reply: APIReply {
        .raw(headers: [("Content-Type", "application/json")], bytes: bytes)
    }

    private mutating func write(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func write(_ value: Int64) {
        bytes.append(contentsOf: String(value).utf8)
    }

    private mutating func write(_ metrics: QueueMetrics) {
        write("{\"metrics\":{\"backlog_bytes\":")
        write(Int64(metrics.backlogBytes))
        write(",\"backlog_count\":")
        write(Int64(metrics.backlogCount))
        write(",\"oldest_message_timestamp_ms\":")
        write(metrics.oldestMessage?.milliseconds ?? 0)
        write("}}")
    }

    private mutating func write(_ message: LeasedMessage) {
        write("{\"attempts\":")
        write(Int64(message.attempts))
        write(",\"body\":\"")
        // Cloudflare's pull answers text as it is and everything else as base64.
        if message.contentType == .text {
            writeEscaped(message.body)
        } else {
            writeBase64(message.body)
        }
        write("\",\"id\":\"")
        bytes.append(contentsOf: message.id.utf8)
        write("\",\"lease_id\":\"")
        bytes.append(contentsOf: message.leaseID.utf8)
        write("\",\"metadata\":{\"CF-Content-Type\":\"")
        bytes.append(contentsOf: message.contentType.rawValue.utf8)
        write("\",\"CF-sourceMessageSource\":\"flare\"")
        if let origin = message.origin {
            write(",\"flare-dead-letter-reason\":\"")
            writeEscaped(Array(origin.reason.utf8))
            if let queue = origin.queue {
                write("\",\"flare-origin-queue\":\"")
                writeEscaped(Array(queue.utf8))
            }
            write("\"")
        }
        write("},\"timestamp_ms\":")
        write(message.timestamp.milliseconds)
        write("}")
    }

    /// The message as `QueueMessageBody`.
    private mutating func writeReadable(_ message: LeasedMessage) {
        write("{\"attempts\":")
        write(Int64(message.attempts))
        write(",\"body\":\"")
        if isReadable(message.body, message.contentType) {
            writeEscaped(message.body)
            write("\",\"encoding\":\"utf8")
        } else {
            writeBase64(message.body)
            write("\",\"encoding\":\"base64")
        }
        write("\",\"content_type\":\"")
        bytes.append(contentsOf: message.contentType.rawValue.utf8)
        write("\",\"id\":\"")
        bytes.append(contentsOf: message.id.utf8)
        write("\",\"lease_id\":\"")
        bytes.append(contentsOf: message.leaseID.utf8)
        if let origin = message.origin {
            write("\",\"reason\":\"")
            writeEscaped(Array(origin.reason.utf8))
            if let queue = origin.queue {
                write("\",\"origin_queue\":\"")
                writeEscaped(Array(queue.utf8))
            }
        }
        write("\",\"timestamp\":\"")
        bytes.append(contentsOf: message.timestamp.text.utf8)
        write("\"}")
    }

    /// UTF-8 between the quotes of a JSON string.
    private mutating func writeEscaped(_ text: [UInt8]) {
        var start = 0
        for (index, byte) in text.enumerated()
        where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(contentsOf: text[start..<index])
            start = index + 1
            switch byte {
            case UInt8(ascii: "\n"): write("\\n")
            case UInt8(ascii: "\r"): write("\\r")
            case UInt8(ascii: "\t"): write("\\t")
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\\"): write("\\\\")
            default:
                write("\\u00")
                bytes.append(contentsOf: hexadecimalText([byte]).utf8)
            }
        }
        bytes.append(contentsOf: text[start...])
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private mutating func writeBase64(_ body: [UInt8]) {
        let size = (body.count + 2) / 3 * 4
        let encoded = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = size
            Self.digits.withUnsafeBufferPointer { digits in
                body.withUnsafeBufferPointer { body in
                    var (from, to) = (0, 0)
                    while from + 2 < body.count {
                        let word = UInt32(body[from]) << 16 | UInt32(body[from + 1]) << 8 | UInt32(body[from + 2])
                        for place in 0..<4 { buffer[to + place] = digits[Int(word >> UInt32(18 - place * 6)) & 63] }
                        from += 3
                        to += 4
                    }
                    let rest = body.count - from
                    guard rest > 0 else { return }
                    let word = UInt32(body[from]) << 16 | (rest > 1 ? UInt32(body[from + 1]) << 8 : 0)
                    buffer[to] = digits[Int(word >> 18) & 63]
                    buffer[to + 1] = digits[Int(word >> 12) & 63]
                    buffer[to + 2] = rest > 1 ? digits[Int(word >> 6) & 63] : UInt8(ascii: "=")
                    buffer[to + 3] = UInt8(ascii: "=")
                }
            }
        }
        bytes.append(contentsOf: encoded)
    }
}

extension APIReply {
    static func sent(_ metrics: QueueMetrics) -> APIReply { QueueMessagesWriter.sent(metrics) }
    static func pulled(_ pulled: PulledBatch) -> APIReply { QueueMessagesWriter.pulled(pulled) }
    static func leased(_ messages: [LeasedMessage]) -> APIReply { QueueMessagesWriter.leased(messages) }
    static func settled(_ report: SettlementReport) -> APIReply { QueueMessagesWriter.settled(report) }
}

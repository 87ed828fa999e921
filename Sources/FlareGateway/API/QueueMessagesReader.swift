import FlareModel
import FlarePipelines
import FlareQueues
import FoundationEssentials

/// The requests of the message routes, read byte by byte: a batch of a hundred costs microseconds, and JSON bodies stay
/// as their senders wrote them.
enum QueueMessagesReader {
    /// A send of one message.
    static func message(_ bytes: [UInt8]) throws -> NewMessage {
        try JSONScanner.read(bytes) { try message(&$0) }
    }

    /// A send of several messages, with the delay of those that name none.
    static func batch(_ bytes: [UInt8]) throws -> (messages: [NewMessage], delaySeconds: Int?) {
        try JSONScanner.read(bytes) { scanner in
            var messages: [NewMessage]?
            var delay: Int?
            try scanner.members { name, scanner in
                switch name {
                case "messages":
                    guard try scanner.peek() == UInt8(ascii: "[") else {
                        throw JSONScanner.misfit("messages", "an array")
                    }
                    var read: [NewMessage] = []
                    read.reserveCapacity(Limits.messageBatchMax)
                    try scanner.elements { read.append(try message(&$0)) }
                    messages = read
                case "delay_seconds": delay = try scanner.optionalInteger("delay_seconds")
                default: try scanner.skipValue()
                }
            }
            guard let messages else { throw missing("messages") }
            return (messages, delay)
        }
    }

    private static func missing(_ field: String) -> FlareError {
        FlareError(.invalidData, "the body lacks the field \"\(field)\"").numbered(10207)
    }

    /// Text as it is, bytes from base64, anything else as the JSON that it is written in.
    private static func message(_ scanner: inout JSONScanner) throws -> NewMessage {
        var body: UnsafeBufferPointer<UInt8>?
        var type = MessageContentType.json
        var delay: Int?
        scanner.skipWhitespace()
        guard try scanner.peek() == UInt8(ascii: "{") else { throw JSONScanner.misfit("messages", "an object") }
        try scanner.members { name, scanner in
            switch name {
            case "body": body = try scanner.text()
            case "content_type":
                let name = try scanner.optionalString("content_type") ?? "json"
                guard let known = MessageContentType(rawValue: name), known != .v8 else {
                    throw FlareError(
                        .invalidArgument,
                        "\"\(name)\" is not a content type of messages over HTTP",
                        hint: "use json, text or bytes"
                    ).numbered(10203)
                }
                type = known
            case "delay_seconds": delay = try scanner.optionalInteger("delay_seconds")
            default: try scanner.skipValue()
            }
        }
        guard let body else {
            throw FlareError(.invalidData, "the message lacks the field \"body\"").numbered(10207)
        }
        return NewMessage(body: try bytes(of: body, type), contentType: type, delaySeconds: delay)
    }

    private static func bytes(of body: UnsafeBufferPointer<UInt8>, _ type: MessageContentType) throws -> [UInt8] {
        if type == .json || type == .v8 { return Array(body) }
        var scanner = JSONScanner(body, range: 0..<body.count)
        guard body.first == UInt8(ascii: "\"") else {
            throw FlareError(
                .invalidData,
                "the body of a \(type.rawValue) message must be a string",
                hint: "or send it with content type json"
            ).numbered(10207)
        }
        let text = try scanner.stringBytes()
        guard type == .bytes else { return text }
        guard let data = Data(base64Encoded: Data(text)) else {
            throw FlareError(.invalidData, "the body of a bytes message must be a base64 string").numbered(10207)
        }
        return Array(data)
    }

    /// How many messages are pulled, and for how long; an empty body leaves both to the consumer.
    static func pull(_ bytes: [UInt8]) throws -> (batchSize: Int?, visibilityMilliseconds: Int?) {
        if bytes.isEmpty { return (nil, nil) }
        return try JSONScanner.read(bytes) { scanner in
            var (size, visibility, otherVisibility): (Int?, Int?, Int?)
            try scanner.members { name, scanner in
                switch name {
                case "batch_size": size = try scanner.optionalInteger(name)
                case "visibility_timeout_ms": visibility = try scanner.optionalInteger(name)
                // The name under which some of Cloudflare's pages have it; milliseconds too.
                case "visibility_timeout": otherVisibility = try scanner.optionalInteger(name)
                default: try scanner.skipValue()
                }
            }
            return (size, visibility ?? otherVisibility)
        }
    }

    /// Which leases are acknowledged, retried and, flare's own, released.
    static func settlement(_ bytes: [UInt8]) throws -> Settlement {
        try JSONScanner.read(bytes) { scanner in
            var settlement = Settlement()
            try scanner.members { name, scanner in
                switch name {
                case "acks":
                    settlement.acks.reserveCapacity(Limits.messageBatchMax)
                    try leases(&scanner, name) { settlement.acks.append($0.id) }
                case "retries":
                    try leases(&scanner, name) { lease in
                        var retry = Settlement.Retry(leaseID: lease.id, delaySeconds: lease.delaySeconds)
                        if let reason = lease.reason { retry.reason = reason }
                        settlement.retries.append(retry)
                    }
                case "releases":
                    try leases(&scanner, name) { lease in
                        let release = Settlement.Release(leaseID: lease.id, delaySeconds: lease.delaySeconds ?? 0)
                        settlement.releases.append(release)
                    }
                default: try scanner.skipValue()
                }
            }
            return settlement
        }
    }

    private struct Lease {
        var id = ""
        var delaySeconds: Int?
        var reason: String?
    }

    private static func leases(
        _ scanner: inout JSONScanner,
        _ field: String,
        _ take: (Lease) -> Void
    ) throws {
        guard try scanner.peek() == UInt8(ascii: "[") else {
            guard try scanner.text().elementsEqual("null".utf8) else { throw JSONScanner.misfit(field, "an array") }
            return
        }
        try scanner.elements { scanner in
            var lease = Lease()
            scanner.skipWhitespace()
            guard try scanner.peek() == UInt8(ascii: "{") else { throw JSONScanner.misfit(field, "a list of objects") }
            try scanner.members { name, scanner in
                switch name {
                case "lease_id": lease.id = try scanner.optionalString("lease_id") ?? ""
                case "delay_seconds": lease.delaySeconds = try scanner.optionalInteger("delay_seconds")
                case "reason": lease.reason = try scanner.optionalString("reason")
                default: try scanner.skipValue()
                }
            }
            guard !lease.id.isEmpty else {
                throw FlareError(.invalidData, "an element of \"\(field)\" lacks its \"lease_id\"").numbered(10207)
            }
            take(lease)
        }
    }
}

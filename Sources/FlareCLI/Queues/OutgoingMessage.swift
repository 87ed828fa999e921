import FlareModel
import FoundationEssentials

/// How the body of a message is to be read, as `--content-type` names it; the raw value is its number in frames.
enum ContentType: UInt8, CaseIterable, Sendable {
    case json, text, bytes, v8

    var name: String { MessageFrames.contentTypes[Int(rawValue)] }

    /// What the bytes are: JSON when they are exactly one JSON value, else text when they are UTF-8, else bytes.
    init(of bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            self = .bytes
            return
        }
        self = JSONBytes.isValid(bytes) ? .json : .text
    }

    /// Throws `invalidArgument` with the nearest name.
    init(named name: String) throws {
        guard let number = MessageFrames.contentTypes.firstIndex(of: name), let type = Self(rawValue: UInt8(number))
        else {
            let near = nearestName(to: name, in: MessageFrames.contentTypes).map { ". Did you mean \"\($0)\"?" } ?? ""
            throw FlareError(
                .invalidArgument,
                "\"\(name)\" is not a content type of messages\(near)",
                hint: "use json, text, bytes or v8"
            )
        }
        self = type
    }
}

/// A message before it is sent.
struct OutgoingMessage {
    var body: [UInt8]
    var contentType: ContentType
    /// Nil takes the queue's own delay.
    var delaySeconds: Int?

    init(body: [UInt8], contentType: ContentType, delaySeconds: Int?) {
        self.body = body
        self.contentType = contentType
        self.delaySeconds = delaySeconds
    }

    /// Reads a line of `--envelope`: an object with a `body`, and perhaps `content_type`, `encoding` and
    /// `delay_seconds`.
    ///
    /// The body of a JSON message goes on as it is written, byte for byte, unless an `encoding` says that it stands in
    /// a string, as in an export. What is absent takes `delaySeconds`. Throws `invalidData`.
    init(envelope line: [UInt8], delaySeconds: Int?) throws {
        guard let members = JSONBytes.members(of: line) else {
            throw FlareError(.invalidData, JSONBytes.isValid(line) ? "is no JSON object" : "is not valid JSON")
        }
        var values: [String: ArraySlice<UInt8>] = [:]
        for member in members { values[member.name] = line[member.value] }
        func string(_ name: String) throws -> String? {
            guard let value = values[name], !value.elementsEqual("null".utf8) else { return nil }
            guard let text = JSONBytes.string(value) else {
                throw FlareError(.invalidData, "has a \"\(name)\" that is no string")
            }
            return text
        }
        guard let body = values["body"] else { throw FlareError(.invalidData, "has no \"body\"") }
        contentType = try string("content_type").map { try ContentType(named: $0) } ?? .json
        let encoding = try string("encoding")
        if contentType == .json, encoding == nil {
            self.body = Array(body)
        } else {
            self.body = try Self.bytes(string("body"), contentType, encoding)
        }
        if contentType == .json, !JSONBytes.isValid(self.body) {
            throw FlareError(.invalidData, "has a body that is not valid JSON")
        }
        self.delaySeconds = delaySeconds
        if let delay = values["delay_seconds"], !delay.elementsEqual("null".utf8) {
            guard let seconds = Int(String(decoding: delay, as: UTF8.self)),
                (0...Limits.messageDelaySecondsMax).contains(seconds)
            else {
                throw FlareError(
                    .invalidData,
                    "has a \"delay_seconds\" that is no whole number from 0 to \(Limits.messageDelaySecondsMax)"
                )
            }
            self.delaySeconds = seconds
        }
    }

    private static func bytes(_ text: String?, _ contentType: ContentType, _ encoding: String?) throws -> [UInt8] {
        guard let text else {
            throw FlareError(.invalidData, "has a body that is no string, as its content type \(contentType.name) asks")
        }
        switch encoding ?? (contentType == .bytes || contentType == .v8 ? "base64" : "utf8") {
        case "utf8": return Array(text.utf8)
        case "base64":
            guard let data = Data(base64Encoded: text) else {
                throw FlareError(.invalidData, "has a body that is not valid base64")
            }
            return Array(data)
        case let other: throw FlareError(.invalidData, "has the unknown encoding \"\(other)\"; use utf8 or base64")
        }
    }
}

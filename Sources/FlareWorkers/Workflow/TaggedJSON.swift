package import FlareModel
import FoundationEssentials

/// JavaScript values as text: plain JSON, where an object with the key `$` names a value that JSON lacks.
///
/// Runners encode and decode it; the engine stores it unread and needs only what is here. `{"$":"Date","v":…}`,
/// `{"$":"undefined"}`, `{"$":"Uint8Array","v":base64}`; a user's own object that has a key `$` becomes
/// `{"$":"Object","v":{…}}`.
package enum TaggedJSON {
    /// Plain JSON text as tagged JSON.
    ///
    /// Copies nothing unless the text holds a `$` key. Throws `invalidData` when the text is not JSON.
    package static func escape(json: [UInt8]) throws -> [UInt8] {
        let value = try JSONValue(json: json)
        // Most texts hold no such key; re-encoding them would lose the order of their keys.
        return needsEscape(value) ? escaped(value).jsonBytes : json
    }

    /// The length that counts for limits: bytes that are spelled as base64 count as bytes.
    package static func size(_ tagged: [UInt8]) -> Int {
        guard tagged.count > Limits.workflowValueBytesMax else { return tagged.count }
        let opening = Array(#""v":""#.utf8)
        var size = tagged.count
        var index = 0
        while index + opening.count < tagged.count {
            guard tagged[index] == UInt8(ascii: "\""), tagged[index..<index + opening.count].elementsEqual(opening)
            else {
                index += 1
                continue
            }
            let start = index + opening.count
            index = tagged[start...].firstIndex { !isBase64($0) } ?? tagged.count
            let isWhole = index < tagged.count && tagged[index] == UInt8(ascii: "\"") && index - start >= 64
            if isWhole { size -= (index - start) / 4 }
        }
        return size
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// The body of a queue message, of content type `json`, `text`, `bytes` or `v8`.
    ///
    /// A JSON body that cannot be parsed is handed over as text.
    package static func message(_ body: [UInt8], contentType: String) -> [UInt8] {
        switch contentType {
        case "json": (try? escape(json: body)) ?? text(body)
        case "text": text(body)
        case "v8": tag("v8", .string(Data(body).base64EncodedString()))
        default: tag("Uint8Array", .string(Data(body).base64EncodedString()))
        }
    }

    /// The payload of an instance that a batch of messages started.
    package static func batchPayload(queue: String, bodies: [[UInt8]]) -> [UInt8] {
        var result = Array(#"{"queue":"#.utf8) + JSONValue.string(queue).jsonBytes + Array(#","messages":["#.utf8)
        for (index, body) in bodies.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result += body.isEmpty ? Array(#"{"$":"undefined"}"#.utf8) : body
        }
        return result + Array("]}".utf8)
    }

    /// The value as `JSON.stringify` would show it, for people and for the API: `undefined` and no bytes as null,
    /// dates as text, bytes as base64, maps as lists of pairs.
    package static func plain(_ tagged: [UInt8]) -> JSONValue {
        guard !tagged.isEmpty else { return .null }
        guard let value = try? JSONValue(json: tagged) else { return .string(String(decoding: tagged, as: UTF8.self)) }
        return plain(value)
    }

    private static func plain(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(plain))
        case .object(let members):
            guard case .string(let tag)? = members["$"] else { return .object(members.mapValues(plain)) }
            let content = members["v"] ?? .null
            return tag == "Object" ? .object((content.objectValue ?? [:]).mapValues(plain)) : plainDeep(content)
        default: return value
        }
    }

    /// Inside a tag nested values are tagged as well.
    private static func plainDeep(_ value: JSONValue) -> JSONValue {
        if case .array(let elements) = value { return .array(elements.map { plainDeep($0) }) }
        return plain(value)
    }

    private static func text(_ body: [UInt8]) -> [UInt8] {
        JSONValue.string(String(decoding: body, as: UTF8.self)).jsonBytes
    }

    private static func tag(_ name: String, _ value: JSONValue) -> [UInt8] {
        JSONValue.object(["$": .string(name), "v": value]).jsonBytes
    }

    private static func needsEscape(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let elements): elements.contains(where: needsEscape)
        case .object(let members): members["$"] != nil || members.values.contains(where: needsEscape)
        default: false
        }
    }

    private static func escaped(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(escaped))
        case .object(let members):
            let inner = JSONValue.object(members.mapValues(escaped))
            return members["$"] == nil ? inner : .object(["$": .string("Object"), "v": inner])
        default: return value
        }
    }
}

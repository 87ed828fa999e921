import CFlareSystem
import FlareModel
import NIOCore

/// The path to a value inside a record, as in `--batch-on-json-key=".merchantId"`: member names joined by dots.
///
/// A name with a dot in it is written in quotes: `."a.b".c`.
struct JSONKey: Sendable, Hashable {
    /// What records count as that lack the value, or whose value is not a scalar.
    static let missing = ByteBuffer(string: "__none__")

    private let names: [[UInt8]]

    /// Parses a path; throws `invalidArgument` with the form expected.
    init(_ text: String) throws {
        var rest = Substring(text.hasPrefix(".") ? text : "." + text)
        var names: [[UInt8]] = []
        while rest.first == "." {
            rest.removeFirst()
            let name: Substring
            if rest.first == "\"" {
                rest.removeFirst()
                guard let close = rest.firstIndex(of: "\"") else { throw Self.invalid(text) }
                name = rest[..<close]
                rest = rest[rest.index(after: close)...]
            } else {
                name = rest.prefix { $0 != "." }
                rest = rest.dropFirst(name.count)
            }
            guard !name.isEmpty else { throw Self.invalid(text) }
            names.append(Array(name.utf8))
        }
        let isSound = rest.isEmpty && names.count <= Limits.jsonKeyNamesMax && text.utf8.count <= Limits.jsonKeyBytesMax
        guard isSound, !text.contains(where: { "[]{}*".contains($0) }) else { throw Self.invalid(text) }
        self.names = names
    }

    private static func invalid(_ text: String) -> FlareError {
        FlareError(
            .invalidArgument,
            "\"\(text)\" is not a JSON key",
            hint: "write the path to a member, such as .merchantId or .user.id"
        )
    }

    /// The path as the left side of an object name's segment: `merchantId`, `user.id`.
    var label: String {
        names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }

    /// The value's text, by which records are told apart: `missing` where there is none, and cut where it is long.
    func value(in payload: ByteBuffer, at range: Range<Int>) -> ByteBuffer {
        guard let text = text(in: payload, at: range) else { return Self.missing }
        return text.readableBytes > Limits.partitionValueBytesMax ? Self.shortened(text) : text
    }

    /// The value's text in a record that has been checked before: a string's characters, a number as written, or
    /// `true`, `false`, `null`; nil where it is missing, an object or an array.
    ///
    /// Where a name occurs twice the last one counts, as for `JSON.parse`.
    func text(in payload: ByteBuffer, at range: Range<Int>) -> ByteBuffer? {
        let found = payload.withUnsafeReadableBytes { raw -> Range<Int>? in
            let start = payload.readerIndex
            let bytes = raw.assumingMemoryBound(to: UInt8.self)
            let record = (range.lowerBound - start)..<(range.upperBound - start)
            // The record passed the same scanner at the door; what cannot be read here has no key.
            guard let found = try? find(in: bytes, record: record) else { return nil }
            return (found.lowerBound + start)..<(found.upperBound + start)
        }
        guard let found else { return nil }
        return payload.getSlice(at: found.lowerBound, length: found.count).map(Self.text)
    }

    private func find(in bytes: UnsafeBufferPointer<UInt8>, record: Range<Int>) throws(JSONFault) -> Range<Int>? {
        var range = record
        for name in names {
            guard bytes[range.lowerBound] == UInt8(ascii: "{") else { return nil }
            guard let inner = try Self.member(name, in: bytes, object: range) else { return nil }
            range = inner
        }
        let first = bytes[range.lowerBound]
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? nil : range
    }

    /// The range of a member's value in an object.
    private static func member(
        _ name: [UInt8],
        in bytes: UnsafeBufferPointer<UInt8>,
        object: Range<Int>
    ) throws(JSONFault) -> Range<Int>? {
        var text = JSONScanner(bytes, range: object)
        var found: Range<Int>?
        text.position += 1
        text.skipWhitespace()
        while try text.peek() == UInt8(ascii: "\"") {
            let nameStart = text.position + 1
            try text.skipString()
            let nameRange = nameStart..<(text.position - 1)
            text.skipWhitespace()
            text.position += 1
            text.skipWhitespace()
            let valueStart = text.position
            try text.skipValue()
            if isName(name, UnsafeBufferPointer(rebasing: bytes[nameRange])) { found = valueStart..<text.position }
            text.skipWhitespace()
            if try text.peek() == UInt8(ascii: ",") { text.position += 1 }
            text.skipWhitespace()
        }
        return found
    }

    private static func isName(_ name: [UInt8], _ written: UnsafeBufferPointer<UInt8>) -> Bool {
        if written.count < name.count { return false }
        if written.count == name.count { return written.elementsEqual(name) }
        return written.contains(UInt8(ascii: "\\")) && JSONString.unescaped(written) == name
    }

    /// The text of a scalar.
    ///
    /// A slice of the payload where it can be taken as it stands.
    private static func text(of scalar: ByteBuffer) -> ByteBuffer {
        var text = scalar
        if scalar.getInteger(at: scalar.readerIndex) == UInt8(ascii: "\"") {
            text = scalar.getSlice(at: scalar.readerIndex + 1, length: scalar.readableBytes - 2) ?? scalar
            if text.readableBytesView.contains(UInt8(ascii: "\\")) {
                text = text.withUnsafeReadableBytes {
                    ByteBuffer(bytes: JSONString.unescaped($0.assumingMemoryBound(to: UInt8.self)))
                }
            }
        }
        return text
    }

    /// A long value's beginning and 64 bits of its SHA-256, so that different values stay apart.
    private static func shortened(_ text: ByteBuffer) -> ByteBuffer {
        let digest = text.withUnsafeReadableBytes { SHA256.digest($0) }
        var result = ByteBuffer(text.readableBytesView.prefix(Limits.partitionValueBytesMax - 17))
        result.writeString("~" + hexadecimalText(digest.prefix(8)))
        return result
    }
}

/// The characters that a JSON string stands for.
package enum JSONString {
    /// Resolves the escapes between the quotes of a valid string.
    ///
    /// A lone surrogate becomes U+FFFD.
    package static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let kind = bytes[index + 1]
            index += 2
            switch kind {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"): appendUnicode(bytes, &index, to: &result)
            default: result.append(kind)
            }
        }
        return result
    }

    /// Reads the four digits at `index`, and the second half of a pair when there is one.
    private static func appendUnicode(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, to result: inout [UInt8])
    {
        var value = unit(bytes, at: index)
        index += 4
        if 0xD800...0xDBFF ~= value, index + 6 <= bytes.count,
            bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        {
            let low = unit(bytes, at: index + 2)
            if 0xDC00...0xDFFF ~= low {
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                index += 6
            }
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        result.append(contentsOf: Array(String(scalar).utf8))
    }

    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32 {
        guard index + 4 <= bytes.count else { return 0xFFFD }
        return bytes[index..<(index + 4)].reduce(0) { $0 << 4 | (JSONScanner.hexadecimalValue($1) ?? 0) }
    }
}

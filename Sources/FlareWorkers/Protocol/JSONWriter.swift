import FlareModel

/// Writes values as compact JSON text, in one pass, with the members in no particular order.
///
/// For frames; what people see or compare is written by `FlareJSON`.
enum JSONWriter {
    /// Appends the text of a value.
    static func write(_ value: JSONValue, to text: inout [UInt8]) {
        switch value {
        case .null: append("null", to: &text)
        case .bool(let value): append(value ? "true" : "false", to: &text)
        case .integer(let value): text.append(contentsOf: String(value).utf8)
        case .number(let value): write(value, to: &text)
        case .string(let value): write(value, to: &text)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                write(element, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, member) in members {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                write(key, to: &text)
                text.append(UInt8(ascii: ":"))
                write(member, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    /// What JSON cannot say is written as a text, as `FlareJSON` does.
    private static func write(_ number: Double, to text: inout [UInt8]) {
        guard number.isFinite else {
            return append(number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"", to: &text)
        }
        text.append(contentsOf: number.description.utf8)
    }

    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            guard bytes.contains(where: mustEscape) else { return text.append(contentsOf: bytes) }
            for byte in bytes {
                if mustEscape(byte) { escape(byte, to: &text) } else { text.append(byte) }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func escape(_ byte: UInt8, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): text.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): text.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): text.append(UInt8(ascii: "t"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        default:
            let digits = Array("0123456789abcdef".utf8)
            append("u00", to: &text)
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    private static func append(_ word: StaticString, to text: inout [UInt8]) {
        text.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
}

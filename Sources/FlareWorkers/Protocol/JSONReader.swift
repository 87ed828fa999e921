import FlareModel

/// Reads JSON text into values, in one pass over the bytes.
///
/// For frames and other texts that are read thousands of times a second: some fifty times faster than a decoder. Gives
/// what `JSONValue.init(json:)` gives, except that half a surrogate pair, which JavaScript writes as an escape, is
/// read as U+FFFD instead of being refused.
struct JSONReader: ~Copyable {
    /// Why a text is not JSON.
    enum Failure: Error {
        case unexpected(offset: Int)
        case tooDeep
    }

    private static let depthMax = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The value of a whole text.
    static func value(of bytes: UnsafeRawBufferPointer) throws(Failure) -> JSONValue {
        var reader = JSONReader(bytes.assumingMemoryBound(to: UInt8.self))
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.offset == bytes.count else { throw .unexpected(offset: reader.offset) }
        return value
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.depthMax else { throw .tooDeep }
        skipBlanks()
        guard let byte = peek else { throw .unexpected(offset: offset) }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(_ depth: Int) throws(Failure) -> JSONValue {
        offset += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw .unexpected(offset: offset) }
            let key = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw .unexpected(offset: offset) }
            members[key] = try value(depth: depth + 1)
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw .unexpected(offset: offset) }
        }
    }

    private mutating func array(_ depth: Int) throws(Failure) -> JSONValue {
        offset += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw .unexpected(offset: offset) }
        }
    }

    /// At an opening quote.
    private mutating func string() throws(Failure) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                let text = try Self.text(UnsafeBufferPointer(rebasing: bytes[start..<offset]), at: start)
                offset += 1
                return text
            case UInt8(ascii: "\\"):
                return try escapedString(from: start)
            case 0..<0x20:
                throw .unexpected(offset: offset)
            default:
                offset += 1
            }
        }
        throw .unexpected(offset: offset)
    }

    /// At the first escape of a string that began at `start`.
    private mutating func escapedString(from start: Int) throws(Failure) -> String {
        var text = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                let count = offset
                let result = text.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
                guard let result else { throw .unexpected(offset: count) }
                return result
            case UInt8(ascii: "\\"):
                let scalar = try escape()
                text.append(contentsOf: String(scalar).utf8)
            case 0..<0x20:
                throw .unexpected(offset: offset)
            default:
                text.append(byte)
            }
        }
        throw .unexpected(offset: offset)
    }

    /// Behind a backslash.
    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        guard let byte = peek else { throw .unexpected(offset: offset) }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw .unexpected(offset: offset)
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let unit = try fourDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let before = offset
        offset += 2
        let second = try fourDigits()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00))
        else {
            offset = before
            return "\u{FFFD}"
        }
        return scalar
    }

    private mutating func fourDigits() throws(Failure) -> UInt32 {
        guard offset + 4 <= bytes.count else { throw .unexpected(offset: offset) }
        var unit: UInt32 = 0
        for index in offset..<offset + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                throw .unexpected(offset: index)
            }
            unit = unit << 4 | UInt32(digit)
        }
        offset += 4
        return unit
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = offset
        let isNegative = take(UInt8(ascii: "-"))
        let firstDigit = offset
        try digits()
        // A number has no leading zeros.
        if bytes[firstDigit] == UInt8(ascii: "0"), offset > firstDigit + 1 { throw .unexpected(offset: firstDigit) }
        if offset - firstDigit <= 18, peek != UInt8(ascii: "."), !isExponent {
            var value: Int64 = 0
            for byte in bytes[firstDigit..<offset] { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
            return .integer(isNegative ? -value : value)
        }
        if take(UInt8(ascii: ".")) { try digits() }
        if isExponent {
            offset += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
        if let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { throw .unexpected(offset: start) }
        return Int64(exactly: number).map { .integer($0) } ?? .number(number)
    }

    private mutating func digits() throws(Failure) {
        let start = offset
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw .unexpected(offset: offset) }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard offset + count <= bytes.count else { throw .unexpected(offset: offset) }
        for index in 0..<count where bytes[offset + index] != word.utf8Start[index] {
            throw .unexpected(offset: offset)
        }
        offset += count
        return value
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) throws(Failure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .unexpected(offset: start) }
        return text
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private var isExponent: Bool { peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }
}

/// Walks over JSON text that `JSONScanner` has passed before: finds where values begin and end, and checks nothing.
///
/// On text that is not JSON it finds nonsense, but it never reads beyond `end` and always comes to an end.
struct JSONWalker {
    let base: UnsafePointer<UInt8>
    var position: Int
    let end: Int

    init(_ base: UnsafePointer<UInt8>, range: Range<Int>) {
        self.base = base
        position = range.lowerBound
        end = range.upperBound
    }

    /// The byte at `position`; 0, which no JSON token begins with, at the end.
    @inline(__always)
    var current: UInt8 { position < end ? base[position] : 0 }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < end, base[position] <= 0x20 { position += 1 }
    }

    /// Passes a string with both quotes; `position` stands on the first one.
    ///
    /// True when escapes stand in it.
    @inline(__always)
    @discardableResult
    mutating func skipString() -> Bool {
        var hasEscapes = false
        position += 1
        while true {
            skipToQuoteOrBackslash()
            guard position < end else { return hasEscapes }
            if base[position] == UInt8(ascii: "\"") {
                position += 1
                return hasEscapes
            }
            hasEscapes = true
            position = min(position + 2, end)
        }
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    private mutating func skipToQuoteOrBackslash() {
        while position + 8 <= end {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (Self.ones &* 0x22)
            let backslashes = word ^ (Self.ones &* 0x5C)
            // The lowest high bit set is that of the first byte sought; a borrow can only add bits above it.
            let found =
                ((quotes &- Self.ones) & ~quotes | (backslashes &- Self.ones) & ~backslashes) & Self.highs
            guard found == 0 else {
                position += found.trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
        while position < end, base[position] != UInt8(ascii: "\""), base[position] != UInt8(ascii: "\\") {
            position += 1
        }
    }

    /// Passes a number or a literal; passes one byte at least.
    @inline(__always)
    mutating func skipPlainScalar() {
        repeat { position += 1 } while position < end && !Self.endsScalar(base[position])
    }

    @inline(__always)
    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte <= 0x20
    }

    /// Passes one value with all it holds; `position` stands on its first byte.
    mutating func skipValue() {
        var depth = 0
        repeat {
            switch current {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0...0x20: position += 1
            default: skipPlainScalar()
            }
        } while depth > 0 && position < end
    }

    /// At an object's brace or after a member's value: moves to the next member's name.
    ///
    /// Returns the range of the name between its quotes and leaves `position` at the first byte of the value; nil at
    /// the closing brace, which is passed.
    @inline(__always)
    mutating func nextMember(hasEscapes: inout Bool) -> Range<Int>? {
        // Stands on "{", ",", "}" or whitespace before one of them.
        while position < end, base[position] <= 0x20 || Self.opensOrSeparates(base[position]) { position += 1 }
        guard current == UInt8(ascii: "\"") else {
            position = min(position + 1, end)
            return nil
        }
        let start = position + 1
        hasEscapes = skipString()
        let name = start..<max(position - 1, start)
        while position < end, base[position] <= 0x20 || base[position] == UInt8(ascii: ":") { position += 1 }
        return name
    }

    /// At an array's bracket or after an element: moves to the next element's first byte; false at the closing
    /// bracket, which is passed.
    @inline(__always)
    mutating func nextElement(isFirst: Bool) -> Bool {
        if isFirst { position += 1 }
        while position < end, base[position] <= 0x20 || base[position] == UInt8(ascii: ",") { position += 1 }
        guard position < end, base[position] != UInt8(ascii: "]") else {
            position = min(position + 1, end)
            return false
        }
        return true
    }

    @inline(__always)
    private static func opensOrSeparates(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "{")
    }
}

/// What a JSON value is, by its first byte.
enum JSONKind {
    case object, array, string, number, boolean, null

    @inline(__always)
    init(first: UInt8) {
        switch first {
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "["): self = .array
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean
        case UInt8(ascii: "n"): self = .null
        default: self = .number
        }
    }

    /// As it stands in a sentence: `an object`.
    var words: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }
}

/// Why a text is not the JSON that was asked for, and at which byte.
package struct JSONFault: Error, Equatable {
    package enum Reason: Equatable {
        case cutOff
        case unexpected
        case badEscape
        case controlCharacter
        case notUTF8
        case tooDeep
        case trailing
    }

    package let reason: Reason
    package let position: Int

    /// Completes "the body is not valid JSON: …".
    package var words: String {
        switch reason {
        case .cutOff: "it is cut off at byte \(position)"
        case .unexpected: "unexpected byte at \(position)"
        case .badEscape: "invalid escape in a string at byte \(position)"
        case .controlCharacter: "unescaped control character in a string at byte \(position)"
        case .notUTF8: "not UTF-8 at byte \(position)"
        case .tooDeep: "nested deeper than \(JSONScanner.depthMax) levels at byte \(position)"
        case .trailing: "text after the end of the value at byte \(position)"
        }
    }
}

/// Walks over JSON text byte by byte and checks it strictly against RFC 8259, UTF-8 included, without building values.
///
/// https://www.rfc-editor.org/rfc/rfc8259 . Lone surrogate escapes (`\ud800`) pass, as its grammar allows them.
/// `position` always stands before the next unread byte.
package struct JSONScanner {
    static let depthMax = 128

    package let bytes: UnsafeBufferPointer<UInt8>
    package var position: Int
    let end: Int
    /// Whether a line break was passed between tokens: such a value must be joined before it can be a line itself.
    var passedLineBreak = false

    package init(_ bytes: UnsafeBufferPointer<UInt8>, range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "the range lies outside of the text")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    package var isAtEnd: Bool { position >= end }

    /// The next byte; throws `cutOff` at the end.
    @inline(__always)
    package func peek() throws(JSONFault) -> UInt8 {
        guard position < end else { throw fault(.cutOff) }
        return bytes[position]
    }

    package func fault(_ reason: JSONFault.Reason) -> JSONFault {
        JSONFault(reason: reason, position: position)
    }

    @inline(__always)
    package mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                passedLineBreak = true
                position += 1
            default: return
            }
        }
    }

    /// Passes one value with all it holds.
    ///
    /// Whitespace before it is passed too, whitespace after it is not.
    package mutating func skipValue() throws(JSONFault) {
        // One bit per open container, the innermost lowest: 1 for an object, 0 for an array.
        var containers: UInt128 = 0
        var depth = 0
        while true {
            skipWhitespace()
            let first = try peek()
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard depth < Self.depthMax else { throw fault(.tooDeep) }
                position += 1
                depth += 1
                let isObject = first == UInt8(ascii: "{")
                containers = containers << 1 | (isObject ? 1 : 0)
                skipWhitespace()
                if try peek() != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try skipMemberName() }
                    continue
                }
                position += 1
                depth -= 1
                containers >>= 1
            } else {
                try skipScalar(first)
            }
            if try closeContainers(&containers, &depth) { return }
        }
    }

    /// After a value: passes the brackets that close and one comma.
    ///
    /// True when the outermost value is complete.
    @inline(__always)
    private mutating func closeContainers(_ containers: inout UInt128, _ depth: inout Int) throws(JSONFault) -> Bool {
        while depth > 0 {
            skipWhitespace()
            let isObject = containers & 1 == 1
            switch try peek() {
            case UInt8(ascii: ","):
                position += 1
                if isObject {
                    skipWhitespace()
                    try skipMemberName()
                }
                return false
            case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
                position += 1
                depth -= 1
                containers >>= 1
            default:
                throw fault(.unexpected)
            }
        }
        return true
    }

    /// Passes `"name" :`.
    @inline(__always)
    private mutating func skipMemberName() throws(JSONFault) {
        guard try peek() == UInt8(ascii: "\"") else { throw fault(.unexpected) }
        try skipString()
        skipWhitespace()
        guard try peek() == UInt8(ascii: ":") else { throw fault(.unexpected) }
        position += 1
    }

    private mutating func skipScalar(_ first: UInt8) throws(JSONFault) {
        switch first {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: throw fault(.unexpected)
        }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONFault) {
        for index in 0..<literal.utf8CodeUnitCount {
            guard try peek() == literal.utf8Start[index] else { throw fault(.unexpected) }
            position += 1
        }
    }

    private mutating func skipNumber() throws(JSONFault) {
        if try peek() == UInt8(ascii: "-") { position += 1 }
        if try peek() == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            let sign = try peek()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    /// Passes one digit or more.
    @inline(__always)
    private mutating func skipDigits() throws(JSONFault) {
        guard Self.isDigit(try peek()) else { throw fault(.unexpected) }
        repeat { position += 1 } while position < end && Self.isDigit(bytes[position])
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

/// Strings: the bulk of most records, so eight bytes at a time where nothing special stands among them.
extension JSONScanner {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Passes a string with both quotes; `position` stands on the first one.
    package mutating func skipString() throws(JSONFault) {
        position += 1
        while true {
            skipPlainWords()
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                try skipEscape()
            case 0..<0x20:
                throw fault(.controlCharacter)
            case 0x80...:
                try skipMultibyte(byte)
            default:
                position += 1
            }
        }
    }

    /// Advances over whole words of eight bytes without quote, backslash, control character or byte above 0x7F.
    @inline(__always)
    private mutating func skipPlainWords() {
        guard let base = bytes.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        while position + 8 <= end {
            let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            // Each term has the high bit of a byte set when that byte is special: below 0x20, a quote, a backslash,
            // or above 0x7F. A borrow can only add false positives, which the byte loop clears up.
            let control = word &- Self.ones &* 0x20
            let quote = (word ^ (Self.ones &* 0x22)) &- Self.ones
            let backslash = (word ^ (Self.ones &* 0x5C)) &- Self.ones
            guard (control | quote | backslash | word) & Self.highs == 0 else { return }
            position += 8
        }
    }

    private mutating func skipEscape() throws(JSONFault) {
        position += 1
        switch try peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard Self.hexadecimalValue(try peek()) != nil else { throw fault(.badEscape) }
                position += 1
            }
        default:
            throw fault(.badEscape)
        }
    }

    /// Passes one character of two to four bytes: shortest form, no surrogates, at most U+10FFFF
    /// (https://www.rfc-editor.org/rfc/rfc3629#section-4).
    private mutating func skipMultibyte(_ first: UInt8) throws(JSONFault) {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch first {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw fault(.notUTF8)
            }
        guard position + length <= end else {
            // Bytes of the character that are there but wrong make it not UTF-8; otherwise the text ends too early.
            let present = bytes[(position + 1)..<end]
            throw fault(present.allSatisfy { $0 & 0xC0 == 0x80 } ? .cutOff : .notUTF8)
        }
        guard second.contains(bytes[position + 1]) else { throw fault(.notUTF8) }
        for index in 2..<max(length, 2) where bytes[position + index] & 0xC0 != 0x80 { throw fault(.notUTF8) }
        position += length
    }

    static func hexadecimalValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

/// Base64 of both alphabets, with padding or without. https://www.rfc-editor.org/rfc/rfc4648#section-4
enum Base64Text {
    /// Appends the bytes that the text stands for; false, with nothing appended, when it is not base64.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) -> Bool {
        guard let length = digitCount(text) else { return false }
        var group: UInt32 = 0
        for index in 0..<length {
            group = group << 6 | UInt32(value(text[index]))
            if index % 4 == 3 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
            }
        }
        if length % 4 == 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 4)) }
        if length % 4 == 3 {
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        }
        return true
    }

    static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool { digitCount(text) != nil }

    /// How many digits stand before the padding; nil when the text is not base64.
    private static func digitCount(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var length = text.count
        while length > 0, text.count - length < 2, text[length - 1] == UInt8(ascii: "=") { length -= 1 }
        guard length % 4 != 1, length == text.count || text.count % 4 == 0 else { return nil }
        for index in 0..<length where value(text[index]) == invalid { return nil }
        return length
    }

    private static let invalid: UInt8 = 0xFF

    @inline(__always)
    private static func value(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: invalid
        }
    }
}

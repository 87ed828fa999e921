import Glibc

/// JSON text as a column of JSON keeps it: as it was sent, but for what strict readers refuse.
enum JSONColumnText {
    /// Half a surrogate pair is allowed by JSON's grammar but is no character; DuckDB refuses a whole file for one.
    ///
    /// Returns the text with `\ufffd` in the place of each, or nil when there is none.
    @inline(__always)
    static func withoutLoneSurrogates(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress, memchr(base, 0x5C, text.count) != nil else { return nil }
        return replaced(text)
    }

    private static func replaced(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        var index = 0
        while index + 1 < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            switch surrogate(text, at: index) {
            case .none: index += 2
            case .some(0xD800...0xDBFF) where isLow(surrogate(text, at: index + 6)): index += 12
            case .some:
                if result == nil { result = Array(text) }
                for (offset, byte) in "fffd".utf8.enumerated() { result?[index + 2 + offset] = byte }
                index += 6
            }
        }
        return result
    }

    /// The code unit of an escape with four digits when it is half a pair.
    private static func surrogate(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        let unit = text[(index + 2)..<(index + 6)].reduce(0) { $0 << 4 | (JSONScanner.hexadecimalValue($1) ?? 0) }
        return 0xD800...0xDFFF ~= unit ? unit : nil
    }

    private static func isLow(_ unit: UInt32?) -> Bool {
        unit.map { 0xDC00...0xDFFF ~= $0 } ?? false
    }
}

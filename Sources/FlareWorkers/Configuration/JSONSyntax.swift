/// Finds where a text stops being JSON, which the decoder does not tell on this platform.
struct JSONSyntax {
    private let text: [UInt8]
    private var index = 0

    private init(_ text: [UInt8]) {
        self.text = text
    }

    /// Line and column, from 1, of the first byte that no JSON text could continue with; nil when the text is JSON.
    static func firstError(in text: [UInt8]) -> (line: Int, column: Int)? {
        var syntax = JSONSyntax(text)
        if syntax.value(depth: 0) {
            syntax.blanks()
            if syntax.index == text.count { return nil }
        }
        let before = text[..<min(syntax.index, text.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (before.count { $0 == UInt8(ascii: "\n") } + 1, before.count - lineStart + 1)
    }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func blanks() {
        while let byte = next, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < 500 else { return false }
        blanks()
        switch next {
        case UInt8(ascii: "{"): return list(from: "{", to: "}", depth: depth, isObject: true)
        case UInt8(ascii: "["): return list(from: "[", to: "]", depth: depth, isObject: false)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func list(
        from opening: Unicode.Scalar,
        to closing: Unicode.Scalar,
        depth: Int,
        isObject: Bool
    ) -> Bool {
        _ = take(opening)
        blanks()
        if take(closing) { return true }
        while true {
            if isObject {
                blanks()
                guard next == UInt8(ascii: "\""), string() else { return false }
                blanks()
                guard take(":") else { return false }
            }
            guard value(depth: depth + 1) else { return false }
            blanks()
            if take(closing) { return true }
            guard take(",") else { return false }
        }
    }

    private mutating func string() -> Bool {
        _ = take("\"")
        while let byte = next, byte >= 0x20 {
            if take("\"") { return true }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return false
    }

    private mutating func word(_ word: String) -> Bool {
        for scalar in word.unicodeScalars where !take(scalar) { return false }
        return true
    }

    private mutating func number() -> Bool {
        let start = index
        while let byte = next, "+-.0123456789eE".utf8.contains(byte) { index += 1 }
        return index > start
    }
}

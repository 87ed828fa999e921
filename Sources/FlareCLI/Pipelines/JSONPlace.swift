/// Finds where a text stops being JSON: the decoder says only that it does.
struct JSONPlace {
    private let bytes: [UInt8]
    private var position = 0

    /// The line and the column of the first mistake, from 1; nil in a text without one.
    static func ofMistake(in text: [UInt8]) -> (line: Int, column: Int)? {
        var place = JSONPlace(bytes: text)
        if place.value(depth: 0), place.peek() == nil { return nil }
        let before = text[..<min(place.position, text.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return (line, column)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next byte that is no white space; nil at the end.
    private mutating func peek() -> UInt8? {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ character: Character) -> Bool {
        guard peek() == character.asciiValue else { return false }
        position += 1
        return true
    }

    /// Passes a value; false at the first byte that cannot be part of one.
    private mutating func value(depth: Int) -> Bool {
        guard depth < 100, let first = peek() else { return false }
        switch first {
        case UInt8(ascii: "{"):
            return list("}", depth) { $0.string() && $0.take(":") && $0.value(depth: depth + 1) }
        case UInt8(ascii: "["): return list("]", depth) { $0.value(depth: depth + 1) }
        case UInt8(ascii: "\""): return string()
        default: return word()
        }
    }

    private mutating func list(_ end: Character, _ depth: Int, _ element: (inout Self) -> Bool) -> Bool {
        position += 1
        if take(end) { return true }
        repeat {
            guard element(&self) else { return false }
        } while take(",")
        return take(end)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while position < bytes.count, bytes[position] >= 0x20 {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return false
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() -> Bool {
        let start = position
        let letters = Set("+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        while position < bytes.count, letters.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let isNumber = Double(text) != nil && text.first.map { "-0123456789".contains($0) } ?? false
        if isNumber || ["true", "false", "null"].contains(text) { return true }
        position = start
        return false
    }
}

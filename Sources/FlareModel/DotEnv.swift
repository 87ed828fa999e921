/// Variables in the form of `.env` and `.dev.vars` files: `NAME=value`, a line each.
package enum DotEnv {
    /// Reads a file's text.
    ///
    /// Lines may begin with `export `; `#` begins a comment on a line of its own or behind a blank. Values may stand in
    /// single quotes or backticks, where everything counts as written, or in double quotes, where `\n`, `\r`, `\t`,
    /// `\"` and `\\` are read; quoted values may span lines. Names that are given twice have their last value. Throws
    /// `invalidData` with the line's number, never with its text, which may be a secret.
    package static func parse(_ text: String, file: String) throws -> [String: String] {
        var reader = Reader(text, file: file)
        return try reader.variables()
    }

    private struct Reader {
        private let text: [UInt8]
        private let file: String
        private var index = 0
        private var line = 1

        init(_ text: String, file: String) {
            self.text = Array(text.utf8)
            self.file = file
        }

        private var next: UInt8? { index < text.count ? text[index] : nil }

        mutating func variables() throws -> [String: String] {
            var variables: [String: String] = [:]
            if text.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
            while true {
                skip { isBlank($0) || $0 == newline }
                guard let byte = next else { return variables }
                if byte == UInt8(ascii: "#") {
                    skip { $0 != newline }
                    continue
                }
                let name = try name()
                variables[name] = try value(of: name)
            }
        }

        private mutating func name() throws -> String {
            var word = take { !isBlank($0) && $0 != newline && $0 != UInt8(ascii: "=") }
            skip(isBlank)
            if word == Array("export".utf8), next != UInt8(ascii: "=") {
                word = take { !isBlank($0) && $0 != newline && $0 != UInt8(ascii: "=") }
                skip(isBlank)
            }
            guard next == UInt8(ascii: "="), !word.isEmpty else { throw problem("must be NAME=value") }
            index += 1
            skip(isBlank)
            return String(decoding: word, as: UTF8.self)
        }

        private mutating func value(of name: String) throws -> String {
            guard let quote = next, "'\"`".utf8.contains(quote) else { return bareValue() }
            let start = line
            index += 1
            var bytes: [UInt8] = []
            while let byte = next {
                index += 1
                if byte == quote {
                    skip { $0 != newline }
                    return String(decoding: bytes, as: UTF8.self)
                }
                if byte == newline { line += 1 }
                guard byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = next else {
                    bytes.append(byte)
                    continue
                }
                index += 1
                bytes += Self.unescaped(escaped)
            }
            line = start
            throw problem("begins a value in quotes that does not end")
        }

        /// To the end of the line, without a comment and without blanks at its end.
        private mutating func bareValue() -> String {
            var bytes = take { $0 != newline }
            let comment = bytes.indices.first { position in
                bytes[position] == UInt8(ascii: "#") && (position == 0 || isBlank(bytes[position - 1]))
            }
            if let comment { bytes.removeSubrange(comment...) }
            while let last = bytes.last, isBlank(last) { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        }

        private static func unescaped(_ byte: UInt8) -> [UInt8] {
            switch byte {
            case UInt8(ascii: "n"): [newline]
            case UInt8(ascii: "r"): [0x0D]
            case UInt8(ascii: "t"): [0x09]
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [byte]
            default: [UInt8(ascii: "\\"), byte]
            }
        }

        private mutating func skip(_ condition: (UInt8) -> Bool) {
            _ = take(condition)
        }

        private mutating func take(_ condition: (UInt8) -> Bool) -> [UInt8] {
            let start = index
            while let byte = next, condition(byte) {
                if byte == newline { line += 1 }
                index += 1
            }
            return Array(text[start..<index])
        }

        private func problem(_ what: String) -> FlareError {
            FlareError(.invalidData, "\(file):\(line) \(what)")
        }
    }

    private static let newline = UInt8(ascii: "\n")

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == 0x09 || byte == 0x0D
    }
}

import FlareModel

/// JSON with `//` and `/* */` comments and trailing commas, as in `wrangler.jsonc`, made plain JSON.
enum CommentedJSON {
    /// Comments and trailing commas become blanks, so that positions in error messages stay those of the file.
    static func strip(_ text: [UInt8]) -> [UInt8] {
        var result = text
        var index = 0
        /// Where the last comma stood with nothing but blanks and comments behind it.
        var comma: Int?
        while index < text.count {
            let byte = text[index]
            let next = index + 1 < text.count ? text[index + 1] : 0
            switch (byte, next) {
            case (UInt8(ascii: "\""), _):
                index = endOfString(text, from: index)
                comma = nil
                continue
            case (UInt8(ascii: "/"), UInt8(ascii: "/")):
                let end = text[index...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
                blank(&result, index..<end)
                index = end
                continue
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                let end = endOfComment(text, from: index + 2)
                blank(&result, index..<end)
                index = end
                continue
            case (UInt8(ascii: ","), _):
                comma = index
            case (UInt8(ascii: "}"), _), (UInt8(ascii: "]"), _):
                if let comma { result[comma] = UInt8(ascii: " ") }
                comma = nil
            case (UInt8(ascii: " "), _), (UInt8(ascii: "\n"), _), (UInt8(ascii: "\r"), _), (UInt8(ascii: "\t"), _):
                break
            default:
                comma = nil
            }
            index += 1
        }
        return result
    }

    /// The index behind the closing quote of a string, or the end of the text.
    private static func endOfString(_ text: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, text.count)
    }

    private static func endOfComment(_ text: [UInt8], from start: Int) -> Int {
        var index = start
        while index + 1 < text.count {
            if text[index] == UInt8(ascii: "*"), text[index + 1] == UInt8(ascii: "/") { return index + 2 }
            index += 1
        }
        return text.count
    }

    private static func blank(_ text: inout [UInt8], _ range: Range<Int>) {
        for index in range where text[index] != UInt8(ascii: "\n") { text[index] = UInt8(ascii: " ") }
    }
}

import Glibc

/// The bytes of words of the command line, which need not be UTF-8 as the parser takes them.
enum WordBytes {
    /// The bytes of these words, which stand on the command line in this order.
    static func of(_ words: [String]) -> [[UInt8]] { of(words, in: commandLine) }

    /// What was not UTF-8 has U+FFFD in its place, and is looked up among the bytes that the process was given.
    static func of(_ words: [String], in given: [[UInt8]]) -> [[UInt8]] {
        var rest = given[...]
        return words.map { word in
            guard word.unicodeScalars.contains("\u{FFFD}"),
                let index = rest.firstIndex(where: { String(decoding: $0, as: UTF8.self) == word })
            else { return Array(word.utf8) }
            defer { rest = rest[(index + 1)...] }
            return rest[index]
        }
    }

    private static var commandLine: [[UInt8]] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { word in
                Array(UnsafeBufferPointer(start: word, count: strlen(word))).map { UInt8(bitPattern: $0) }
            }
        }
    }
}

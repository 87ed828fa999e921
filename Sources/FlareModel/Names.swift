/// The rule that names of one kind obey, with the words to explain it.
package struct NameRule: Sendable {
    /// The kind's noun, as on the command line: `queue`.
    package let kind: String
    /// The rule in words, completing "a queue name …".
    package let words: String
    package let lengthMax: Int
    package let lengthMin: Int
    private let isFirst: @Sendable (UInt8) -> Bool
    private let isRest: @Sendable (UInt8) -> Bool
    private let isLast: @Sendable (UInt8) -> Bool
    private let folded: Bool

    private init(
        kind: String,
        words: String,
        lengthMin: Int = 1,
        lengthMax: Int,
        folded: Bool = true,
        first: @escaping @Sendable (UInt8) -> Bool,
        rest: @escaping @Sendable (UInt8) -> Bool,
        last: (@Sendable (UInt8) -> Bool)? = nil
    ) {
        self.kind = kind
        self.words = words
        self.lengthMin = lengthMin
        self.lengthMax = lengthMax
        self.folded = folded
        isFirst = first
        isRest = rest
        isLast = last ?? rest
    }

    package static let queue = standard("queue")
    package static let pipeline = standard("pipeline")
    package static let worker = standard("Worker")
    package static let token = standard("token")

    /// R2's rule: `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`.
    package static let bucket = NameRule(
        kind: "bucket",
        words: "has 3 to 63 lower-case letters, digits or \"-\", and begins and ends with a letter or digit",
        lengthMin: 3,
        lengthMax: 63,
        first: isLowerAlphanumeric,
        rest: { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") },
        last: isLowerAlphanumeric
    )

    /// Cloudflare's rule: `^[a-zA-Z0-9_][a-zA-Z0-9-_]*$`, at most 64.
    package static let workflow = identifier("workflow", lengthMax: 64)

    /// A JavaScript name, as `env.NAME` needs it.
    package static let secret = NameRule(
        kind: "secret",
        words: "has 1 to 128 letters, digits, \"_\" or \"$\", and does not begin with a digit",
        lengthMax: 128,
        folded: false,
        first: { isAlphanumeric($0) && !(48...57).contains($0) || isVariableSign($0) },
        rest: { isAlphanumeric($0) || isVariableSign($0) }
    )

    /// Cloudflare's rule for instance ids: as workflow names, at most 100.
    package static let instance = identifier("instance", lengthMax: 100)

    private static func standard(_ kind: String) -> NameRule {
        NameRule(
            kind: kind,
            words: "has 1 to 63 lower-case letters, digits, \"-\" or \"_\", and begins with a letter or digit",
            lengthMax: 63,
            first: isLowerAlphanumeric,
            rest: { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        )
    }

    private static func identifier(_ kind: String, lengthMax: Int) -> NameRule {
        NameRule(
            kind: kind,
            words: "has 1 to \(lengthMax) letters, digits, \"-\" or \"_\", and does not begin with \"-\"",
            lengthMax: lengthMax,
            folded: false,
            first: { isAlphanumeric($0) || $0 == UInt8(ascii: "_") },
            rest: { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        )
    }

    /// Checks a name at the edge; throws `invalidName` with the rule and a name that would pass.
    package func validate(_ name: String) throws {
        guard !holds(name) else { return }
        let suggestion = suggest(name)
        throw FlareError(
            .invalidName,
            "\"\(name)\" is not a valid \(kind) name: it \(words)",
            hint: suggestion.map { "\"\($0)\" would pass" }
        )
    }

    /// Whether a name obeys the rule.
    package func holds(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (lengthMin...lengthMax).contains(bytes.count) else { return false }
        return isFirst(bytes[0]) && bytes.dropFirst().dropLast().allSatisfy(isRest) && isLast(bytes[bytes.count - 1])
    }

    /// A valid name near the given one: case folded, other characters made "-", cut to length.
    private func suggest(_ name: String) -> String? {
        var bytes = (folded ? name.lowercased() : name).utf8.map { isRest($0) ? $0 : UInt8(ascii: "-") }
        while let first = bytes.first, !isFirst(first) { bytes.removeFirst() }
        bytes = Array(bytes.prefix(lengthMax))
        while let last = bytes.last, !isLast(last) || last == UInt8(ascii: "-") { bytes.removeLast() }
        let text = String(decoding: bytes, as: UTF8.self)
        return holds(text) ? text : nil
    }
}

@Sendable private func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

@Sendable private func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

@Sendable private func isVariableSign(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
}

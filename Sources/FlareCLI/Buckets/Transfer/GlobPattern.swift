/// A pattern of keys: `*` and `?` within a segment, `**` across segments, `[a-z]` and `[!a-z]`, `\` before a character
/// that is meant as it is.
///
/// `**/` matches no segment, too: `a/**/b` matches `a/b`.
struct GlobPattern: Sendable, Hashable {
    private enum Token: Sendable, Hashable {
        case literal(Unicode.Scalar)
        case anyOne
        case set([ClosedRange<UInt32>], isNegated: Bool)
        case star
        case doubleStar
        /// `**/` before its first character, from where it may be passed over.
        case directories
        /// `**/` once it has begun: up to a slash.
        case insideDirectories
    }

    private let tokens: [Token]
    /// What every match begins with.
    let literalPrefix: String

    init(_ pattern: String) {
        var reader = Reader(scalars: Array(pattern.unicodeScalars))
        tokens = reader.tokens()
        var prefix = String.UnicodeScalarView()
        for case .literal(let scalar) in tokens.prefix(while: { if case .literal = $0 { true } else { false } }) {
            prefix.append(scalar)
        }
        literalPrefix = String(prefix)
    }

    /// Whether a word means anything but itself as a pattern.
    static func isPattern(_ text: String) -> Bool {
        text.unicodeScalars.contains { "*?[\\".unicodeScalars.contains($0) }
    }

    func matches(_ text: String) -> Bool {
        // All places of the pattern that the text so far can be at: linear, however many stars there are.
        var places = Set<Int>()
        enter(0, &places)
        for scalar in text.unicodeScalars {
            var next = Set<Int>()
            for place in places where place < tokens.count { step(place, scalar, &next) }
            if next.isEmpty { return false }
            places = next
        }
        return places.contains(tokens.count)
    }

    /// Adds a place and those that are reached from it without a character.
    private func enter(_ place: Int, _ places: inout Set<Int>) {
        guard places.insert(place).inserted, place < tokens.count else { return }
        switch tokens[place] {
        case .star, .doubleStar: enter(place + 1, &places)
        case .directories:
            enter(place + 1, &places)
            enter(place + 2, &places)
        case .literal, .anyOne, .set, .insideDirectories: break
        }
    }

    private func step(_ place: Int, _ scalar: Unicode.Scalar, _ next: inout Set<Int>) {
        switch tokens[place] {
        case .literal(let expected): if scalar == expected { enter(place + 1, &next) }
        case .anyOne: if scalar != "/" { enter(place + 1, &next) }
        case .set(let ranges, let isNegated):
            if scalar != "/", ranges.contains(where: { $0.contains(scalar.value) }) != isNegated {
                enter(place + 1, &next)
            }
        case .star: if scalar != "/" { enter(place, &next) }
        case .doubleStar: enter(place, &next)
        case .directories: break
        case .insideDirectories:
            enter(place, &next)
            if scalar == "/" { enter(place + 1, &next) }
        }
    }

    /// Cuts a pattern into tokens.
    private struct Reader {
        let scalars: [Unicode.Scalar]
        var position = 0

        mutating func tokens() -> [Token] {
            var result: [Token] = []
            while position < scalars.count {
                let isSegmentStart = position == 0 || scalars[position - 1] == "/"
                let scalar = scalars[position]
                position += 1
                switch scalar {
                case "?": result.append(.anyOne)
                case "[": result.append(set() ?? .literal("["))
                case "\\" where position < scalars.count:
                    result.append(.literal(scalars[position]))
                    position += 1
                case "*": result += stars(isSegmentStart: isSegmentStart)
                default: result.append(.literal(scalar))
                }
            }
            return result
        }

        private mutating func stars(isSegmentStart: Bool) -> [Token] {
            guard position < scalars.count, scalars[position] == "*" else { return [.star] }
            while position < scalars.count, scalars[position] == "*" { position += 1 }
            guard isSegmentStart, position < scalars.count, scalars[position] == "/" else { return [.doubleStar] }
            position += 1
            return [.directories, .insideDirectories]
        }

        /// The set behind a `[`; nil when it is never closed.
        private mutating func set() -> Token? {
            var index = position
            let isNegated = index < scalars.count && (scalars[index] == "!" || scalars[index] == "^")
            if isNegated { index += 1 }
            var ranges: [ClosedRange<UInt32>] = []
            while index < scalars.count, scalars[index] != "]" || ranges.isEmpty {
                let low = scalars[index].value
                if index + 2 < scalars.count, scalars[index + 1] == "-", scalars[index + 2] != "]" {
                    let high = scalars[index + 2].value
                    ranges.append(min(low, high)...max(low, high))
                    index += 3
                } else {
                    ranges.append(low...low)
                    index += 1
                }
            }
            guard index < scalars.count else { return nil }
            position = index + 1
            return .set(ranges, isNegated: isNegated)
        }
    }
}

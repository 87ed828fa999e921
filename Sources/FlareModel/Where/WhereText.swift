/// The text of a filter on its way through a parser: what all `--where` languages have in common.
struct WhereText {
    private let characters: [Character]
    private(set) var position = 0

    /// Throws `invalidArgument` when the text is longer than a filter may be.
    init(_ text: String) throws {
        guard text.utf8.count <= Limits.workflowWhereBytesMax else {
            throw FlareError(
                .invalidArgument,
                "the filter has \(text.utf8.count) bytes; at most \(Limits.workflowWhereBytesMax) are read"
            )
        }
        characters = Array(text)
    }

    /// Reads conditions joined by `and` or by commas until the end.
    mutating func conditions<Condition>(_ condition: (inout WhereText) throws -> Condition) throws -> [Condition] {
        var result: [Condition] = []
        skipBlanks()
        guard position < characters.count else { throw expected("a condition") }
        while true {
            result.append(try condition(&self))
            guard result.count <= Limits.workflowWhereConditionsMax else {
                throw FlareError(
                    .invalidArgument,
                    "a filter has at most \(Limits.workflowWhereConditionsMax) conditions"
                )
            }
            skipBlanks()
            if position == characters.count { return result }
            if !take(",") && !takeWord("and") { throw expected("\"and\" or a comma between conditions") }
            skipBlanks()
        }
    }

    /// The characters of a field's name, which may be none.
    mutating func name() -> String {
        let start = position
        while position < characters.count, isNamePart(characters[position]) { position += 1 }
        return String(characters[start..<position])
    }

    /// A comparison that the field allows.
    mutating func comparison(
        of field: String,
        allowed: [InstanceConditions.Comparison]
    ) throws -> InstanceConditions.Comparison {
        skipBlanks()
        let place = position
        let names = allowed.map(\.rawValue).joined(separator: " ")
        // The longer ones first: "<=" is not "<".
        let all = InstanceConditions.Comparison.allCases.sorted { $0.rawValue.count > $1.rawValue.count }
        guard let found = all.first(where: { take($0.rawValue) }) else {
            throw expected("a comparison after \"\(field)\": \(names)")
        }
        guard allowed.contains(found) else {
            throw Self.error(
                "\"\(field)\" cannot be compared by \"\(found.rawValue)\"",
                at: place,
                hint: "use one of \(names)"
            )
        }
        return found
    }

    /// A value, bare or in quotes, and where it begins.
    mutating func value(since start: Int) throws -> (text: String, place: Int) {
        skipBlanks()
        let place = position
        let condition = String(characters[start..<position])
        guard position < characters.count else { throw expected("a value after \"\(condition)\"") }
        let quote = characters[position]
        guard quote == "\"" || quote == "'" else {
            while position < characters.count, characters[position] != ",", !characters[position].isWhitespace {
                position += 1
            }
            guard position > place else { throw expected("a value after \"\(condition)\"") }
            return (String(characters[place..<position]), place)
        }
        position += 1
        var result = ""
        while position < characters.count {
            let character = characters[position]
            position += 1
            if character == quote { return (result, place) }
            if character == "\\", position < characters.count {
                result.append(characters[position])
                position += 1
            } else {
                result.append(character)
            }
        }
        throw Self.error("the quote is not closed", at: place, hint: "end the value with \(quote)")
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text)
        guard characters[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// Takes a word that something else than a name follows.
    private mutating func takeWord(_ word: String) -> Bool {
        let end = position + word.count
        guard end < characters.count, characters[end].isWhitespace,
            String(characters[position..<end]).lowercased() == word
        else { return false }
        position = end
        return true
    }

    private mutating func skipBlanks() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }

    private func isNamePart(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "." || character == "_"
    }

    /// The refusal of an unknown field that begins at `start`.
    mutating func unknownField(_ name: String, at start: Int, names: [String]) -> FlareError {
        let hint = "fields are \(names.joined(separator: ", "))"
        if name.isEmpty {
            position = start
            return expected("the name of a field", hint: hint)
        }
        let near = nearestName(to: name.lowercased(), in: names).map { ". Did you mean \"\($0)\"?" } ?? ""
        return Self.error("unknown field \"\(name)\"", at: start, suffix: near, hint: hint)
    }

    private func expected(_ what: String, hint: String? = nil) -> FlareError {
        let found = position < characters.count ? "\"\(characters[position])\"" : "the end"
        return Self.error("expected \(what), not \(found)", at: position, hint: hint)
    }

    /// Places count from 1, as people do.
    static func error(_ message: String, at place: Int, suffix: String = "", hint: String? = nil) -> FlareError {
        FlareError(.invalidArgument, "--where: \(message) at character \(place + 1)\(suffix)", hint: hint)
    }
}

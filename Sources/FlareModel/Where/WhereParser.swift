extension InstanceConditions {
    /// Parses what `--where` was given.
    ///
    /// Throws `invalidArgument` that names the place and the nearest field.
    package init(parsing text: String) throws {
        guard text.utf8.count <= Limits.workflowWhereBytesMax else {
            throw FlareError(
                .invalidArgument,
                "the filter has \(text.utf8.count) bytes; at most \(Limits.workflowWhereBytesMax) are read"
            )
        }
        var parser = WhereParser(text)
        conditions = try parser.conditions()
    }
}

/// Reads the conditions of a filter from left to right.
private struct WhereParser {
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        characters = Array(text)
    }

    mutating func conditions() throws -> [InstanceConditions.Condition] {
        var result: [InstanceConditions.Condition] = []
        skipBlanks()
        guard position < characters.count else { throw expected("a condition") }
        while true {
            result.append(try condition())
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

    private mutating func condition() throws -> InstanceConditions.Condition {
        let start = position
        let field = try field()
        skipBlanks()
        let place = position
        guard let comparison = comparison() else {
            let names = field.comparisons.map(\.rawValue).joined(separator: " ")
            throw expected("a comparison after \"\(field.rawValue)\": \(names)")
        }
        guard field.comparisons.contains(comparison) else {
            throw Self.error(
                "\"\(field.rawValue)\" cannot be compared by \"\(comparison.rawValue)\"",
                at: place,
                hint: "use one of \(field.comparisons.map(\.rawValue).joined(separator: " "))"
            )
        }
        skipBlanks()
        let valuePlace = position
        let text = try value(after: String(characters[start..<position]))
        return .init(field, comparison, try Self.value(text, of: field, at: valuePlace))
    }

    private mutating func field() throws -> InstanceConditions.Field {
        let start = position
        while position < characters.count, isNamePart(characters[position]) { position += 1 }
        let name = String(characters[start..<position])
        if let field = InstanceConditions.Field(rawValue: name.lowercased()) { return field }
        let names = InstanceConditions.Field.allCases.map(\.rawValue)
        let hint = "fields are \(names.joined(separator: ", "))"
        if name.isEmpty {
            position = start
            throw expected("the name of a field", hint: hint)
        }
        let near = nearestName(to: name.lowercased(), in: names).map { ". Did you mean \"\($0)\"?" } ?? ""
        throw Self.error("unknown field \"\(name)\"", at: start, suffix: near, hint: hint)
    }

    private mutating func comparison() -> InstanceConditions.Comparison? {
        // The longer ones first: "<=" is not "<".
        for comparison in InstanceConditions.Comparison.allCases.sorted(by: { $0.rawValue.count > $1.rawValue.count })
        where take(comparison.rawValue) { return comparison }
        return nil
    }

    private mutating func value(after condition: String) throws -> String {
        guard position < characters.count else { throw expected("a value after \"\(condition)\"") }
        let quote = characters[position]
        guard quote == "\"" || quote == "'" else {
            let start = position
            while position < characters.count, characters[position] != ",", !characters[position].isWhitespace {
                position += 1
            }
            guard position > start else { throw expected("a value after \"\(condition)\"") }
            return String(characters[start..<position])
        }
        let start = position
        position += 1
        var result = ""
        while position < characters.count {
            let character = characters[position]
            position += 1
            if character == quote { return result }
            if character == "\\", position < characters.count {
                result.append(characters[position])
                position += 1
            } else {
                result.append(character)
            }
        }
        throw Self.error("the quote is not closed", at: start, hint: "end the value with \(quote)")
    }

    private static func value(
        _ text: String,
        of field: InstanceConditions.Field,
        at place: Int
    ) throws -> InstanceConditions.Value {
        switch field {
        case .status:
            return .statuses(try alternatives(text).map { try status($0, at: place) })
        case .trigger:
            return .alternatives(alternatives(text).map { $0.lowercased() })
        case .age:
            guard let duration = try? parseDuration(text) else {
                throw error("\"\(text)\" is not a duration", at: place, hint: "write 30s, 5m, 1h or 7d")
            }
            return .duration(duration)
        case .created:
            guard let time = Timestamp(text) else {
                throw error("\"\(text)\" is not a time", at: place, hint: "write it as 2026-01-31T08:00:00Z")
            }
            return .time(time)
        case .run:
            guard let number = Int(text) else { throw error("\"\(text)\" is not a whole number", at: place) }
            return .number(number)
        case .error, .id, .version, .step, .stepFailed, .stepComplete, .stepRunning, .stepWaiting:
            return .text(text)
        }
    }

    private static func status(_ name: String, at place: Int) throws -> InstanceStatus {
        let all = InstanceStatus.allCases
        if let status = all.first(where: { $0.rawValue.lowercased() == name.lowercased() }) { return status }
        let near = nearestName(to: name, in: all.map(\.rawValue)).map { ". Did you mean \"\($0)\"?" } ?? ""
        let names = all.map(\.rawValue).joined(separator: ", ")
        throw error("\"\(name)\" is not a status", at: place, suffix: near, hint: "use one of \(names)")
    }

    private static func alternatives(_ text: String) -> [String] {
        text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
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

    private func expected(_ what: String, hint: String? = nil) -> FlareError {
        let found = position < characters.count ? "\"\(characters[position])\"" : "the end"
        return Self.error("expected \(what), not \(found)", at: position, hint: hint)
    }

    /// Places count from 1, as people do.
    private static func error(
        _ message: String,
        at place: Int,
        suffix: String = "",
        hint: String? = nil
    ) -> FlareError {
        FlareError(.invalidArgument, "--where: \(message) at character \(place + 1)\(suffix)", hint: hint)
    }
}

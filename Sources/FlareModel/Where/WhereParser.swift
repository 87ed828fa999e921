extension InstanceConditions {
    /// Parses what `--where` was given.
    ///
    /// Throws `invalidArgument` that names the place and the nearest field.
    package init(parsing text: String) throws {
        var text = try WhereText(text)
        conditions = try text.conditions { try Condition(&$0) }
    }
}

extension InstanceConditions.Condition {
    fileprivate init(_ text: inout WhereText) throws {
        let start = text.position
        let name = text.name()
        guard let field = InstanceConditions.Field(rawValue: name.lowercased()) else {
            throw text.unknownField(name, at: start, names: InstanceConditions.Field.allCases.map(\.rawValue))
        }
        let comparison = try text.comparison(of: field.rawValue, allowed: field.comparisons)
        let (value, place) = try text.value(since: start)
        self.init(field, comparison, try Self.value(value, of: field, at: place))
    }

    private static func value(
        _ text: String,
        of field: InstanceConditions.Field,
        at place: Int
    ) throws -> InstanceConditions.Value {
        switch field {
        case .status:
            return .statuses(try WhereText.alternatives(text).map { try status($0, at: place) })
        case .trigger:
            return .alternatives(WhereText.alternatives(text).map { $0.lowercased() })
        case .age:
            return .duration(try WhereText.duration(text, at: place))
        case .created:
            return .time(try WhereText.time(text, at: place))
        case .run:
            return .number(try WhereText.number(text, at: place))
        case .error, .id, .version, .step, .stepFailed, .stepComplete, .stepRunning, .stepWaiting:
            return .text(text)
        }
    }

    private static func status(_ name: String, at place: Int) throws -> InstanceStatus {
        let all = InstanceStatus.allCases
        if let status = all.first(where: { $0.rawValue.lowercased() == name.lowercased() }) { return status }
        throw WhereText.unknownWord(name, kind: "a status", words: all.map(\.rawValue), at: place)
    }
}

/// Values as they are written in a filter.
extension WhereText {
    static func alternatives(_ text: String) -> [String] {
        text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }

    static func duration(_ text: String, at place: Int) throws -> Duration {
        guard let duration = try? parseDuration(text) else {
            throw error("\"\(text)\" is not a duration", at: place, hint: "write 30s, 5m, 1h or 7d")
        }
        return duration
    }

    static func time(_ text: String, at place: Int) throws -> Timestamp {
        guard let time = Timestamp(text) else {
            throw error("\"\(text)\" is not a time", at: place, hint: "write it as 2026-01-31T08:00:00Z")
        }
        return time
    }

    static func number(_ text: String, at place: Int) throws -> Int {
        guard let number = Int(text) else { throw error("\"\(text)\" is not a whole number", at: place) }
        return number
    }

    static func unknownWord(_ name: String, kind: String, words: [String], at place: Int) -> FlareError {
        let near = nearestName(to: name, in: words).map { ". Did you mean \"\($0)\"?" } ?? ""
        let hint = "use one of \(words.joined(separator: ", "))"
        return error("\"\(name)\" is not \(kind)", at: place, suffix: near, hint: hint)
    }
}

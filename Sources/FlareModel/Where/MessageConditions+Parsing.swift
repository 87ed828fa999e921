extension MessageConditions {
    /// Parses what `--where` was given.
    ///
    /// Throws `invalidArgument` that names the place and the nearest field.
    package init(parsing text: String) throws {
        var text = try WhereText(text)
        conditions = try text.conditions { try Condition(&$0) }
    }
}

extension MessageConditions.Field {
    /// The fields by their names; members of the body have names of their own.
    private static let named: [(name: String, field: Self)] = [
        ("id", .id), ("attempts", .attempts), ("size", .size), ("age", .age), ("sent", .sent), ("type", .type),
        ("state", .state), ("origin", .origin), ("reason", .reason), ("body", .body),
    ]

    static var names: [String] { named.map(\.name) + ["body.NAME"] }

    fileprivate init?(_ name: String) {
        let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
        if let known = Self.named.first(where: { $0.name == name.lowercased() }) {
            self = known.field
            return
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, parts[0].lowercased() == "body", !parts.contains("") else { return nil }
        self = .member(Array(parts.dropFirst()))
    }

    /// The comparisons that make sense for the field.
    var comparisons: [MessageConditions.Comparison] {
        switch self {
        case .type, .state: [.equal, .notEqual]
        case .id, .origin, .reason, .body: [.equal, .notEqual, .like, .notLike]
        case .age, .sent: [.less, .lessOrEqual, .greater, .greaterOrEqual]
        case .attempts, .size: [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
        case .member: MessageConditions.Comparison.allCases
        }
    }
}

extension MessageConditions.Condition {
    fileprivate init(_ text: inout WhereText) throws {
        let start = text.position
        let name = text.name()
        guard let field = MessageConditions.Field(name) else {
            throw text.unknownField(name, at: start, names: MessageConditions.Field.names)
        }
        let comparison = try text.comparison(of: name, allowed: field.comparisons)
        let (value, place) = try text.value(since: start)
        self.init(field: field, comparison: comparison, value: try Self.value(value, of: field, at: place))
    }

    private static func value(
        _ text: String,
        of field: MessageConditions.Field,
        at place: Int
    ) throws -> MessageConditions.Value {
        switch field {
        case .attempts: return .number(try WhereText.number(text, at: place))
        case .size:
            guard let size = try? parseSizeBytes(text) else {
                throw WhereText.error("\"\(text)\" is not a size", at: place, hint: "write 4096, 10KB or 1MB")
            }
            return .number(size)
        case .age: return .duration(try WhereText.duration(text, at: place))
        case .sent: return .time(try WhereText.time(text, at: place))
        case .type:
            return .alternatives(
                try words(text, among: ["json", "text", "bytes", "v8"], kind: "a content type", place)
            )
        case .state:
            let states = QueueMessageState.allCases.map(\.rawValue)
            return .alternatives(try words(text, among: states, kind: "a state of messages", place))
        case .id, .origin, .reason, .body, .member: return .text(text)
        }
    }

    private static func words(_ text: String, among words: [String], kind: String, _ place: Int) throws -> [String] {
        try WhereText.alternatives(text).map { word in
            guard words.contains(word.lowercased()) else {
                throw WhereText.unknownWord(word, kind: kind, words: words, at: place)
            }
            return word.lowercased()
        }
    }
}

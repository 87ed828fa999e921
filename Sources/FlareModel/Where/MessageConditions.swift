/// Which messages of a queue a command is about: conditions that must all hold, written on one line.
///
/// `attempts>2 and body.customer.tier=gold, reason~"timed out"`. Conditions are joined by `and` or by commas; values
/// with blanks, commas or quotes stand in quotes; `|` separates alternatives of a type or a state. `body` is the whole
/// body as text, `body.a.b` (or `.body.a.b`) a member of a JSON body.
package struct MessageConditions: Sendable, Hashable {
    package typealias Comparison = InstanceConditions.Comparison

    package var conditions: [Condition] = []

    package init() {}

    /// Whether every message fits.
    package var isEmpty: Bool { conditions.isEmpty }

    /// Whether a condition looks into the body.
    package var readsBody: Bool {
        conditions.contains { condition in
            switch condition.field {
            case .body, .member: true
            default: false
            }
        }
    }

    /// One field compared with a value.
    package struct Condition: Sendable, Hashable {
        package var field: Field
        package var comparison: Comparison
        package var value: Value
    }

    /// What of a message is looked at.
    package enum Field: Sendable, Hashable {
        case id, attempts, size, age, sent, type, state, origin, reason, body
        /// A member of a JSON body, by the names that lead to it.
        case member([String])
    }

    package enum Value: Sendable, Hashable {
        case text(String)
        case alternatives([String])
        case number(Int)
        case duration(Duration)
        case time(Timestamp)
    }

    /// A message as conditions see it.
    package struct Subject {
        package var id: String
        package var attempts: Int
        package var timestamp: Timestamp
        package var contentType: String
        package var state: QueueMessageState
        package var origin: String?
        package var reason: String?
        package var body: [UInt8]

        package init(
            id: String,
            attempts: Int,
            timestamp: Timestamp,
            contentType: String,
            state: QueueMessageState,
            origin: String?,
            reason: String?,
            body: [UInt8]
        ) {
            self.id = id
            self.attempts = attempts
            self.timestamp = timestamp
            self.contentType = contentType
            self.state = state
            self.origin = origin
            self.reason = reason
            self.body = body
        }
    }

    /// Whether a message fits all conditions at a moment.
    package func matches(_ subject: Subject, now: Timestamp) -> Bool {
        // Read once for all conditions, and only when one asks for a member of it.
        lazy var json = try? JSONValue(json: subject.body)
        return conditions.allSatisfy { condition in
            switch (condition.field, condition.value) {
            case (.id, .text(let text)): condition.compares(subject.id, with: text)
            case (.origin, .text(let text)): condition.compares(subject.origin, with: text)
            case (.reason, .text(let text)): condition.compares(subject.reason, with: text)
            case (.body, .text(let text)):
                condition.compares(String(decoding: subject.body, as: UTF8.self), with: text)
            case (.attempts, .number(let number)): condition.orders(subject.attempts, number)
            case (.size, .number(let number)): condition.orders(subject.body.count, number)
            case (.age, .duration(let age)): condition.orders((now - subject.timestamp).milliseconds, age.milliseconds)
            case (.sent, .time(let time)): condition.orders(subject.timestamp, time)
            case (.type, .alternatives(let names)): condition.isAmong(subject.contentType, names)
            case (.state, .alternatives(let names)): condition.isAmong(subject.state.rawValue, names)
            case (.member(let names), .text(let text)):
                condition.compares(names.reduce(json) { value, name in value?.member(name) }, with: text)
            default: preconditionFailure("the parser gives each field a value of its own kind")
            }
        }
    }
}

extension JSONValue {
    /// A member of an object, or an element of an array by its number.
    fileprivate func member(_ name: String) -> JSONValue? {
        if let index = Int(name), let elements = arrayValue {
            return elements.indices.contains(index) ? elements[index] : nil
        }
        return self[name]
    }

    /// A scalar as it is compared; nil for objects, arrays and what is missing.
    fileprivate var scalarText: String? {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text): text
        case .array, .object: nil
        }
    }

    fileprivate var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension MessageConditions.Condition {
    fileprivate func isAmong(_ name: String, _ names: [String]) -> Bool {
        names.contains(name) == (comparison != .notEqual)
    }

    fileprivate func orders<Number: Comparable>(_ left: Number, _ right: Number) -> Bool {
        switch comparison {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .like, .notLike: false
        }
    }

    /// Numbers by their size when both are, anything else as text.
    fileprivate func compares(_ value: JSONValue?, with text: String) -> Bool {
        if let left = value?.numberValue, let right = Double(text), comparison != .like, comparison != .notLike {
            return orders(left, right)
        }
        return compares(value?.scalarText, with: text)
    }

    /// What is missing differs from every text and is neither less nor greater.
    fileprivate func compares(_ value: String?, with text: String) -> Bool {
        switch comparison {
        case .equal: value == text
        case .notEqual: value != text
        case .like: value.map { isLike($0, text) } ?? false
        case .notLike: !(value.map { isLike($0, text) } ?? false)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: value.map { orders($0, text) } ?? false
        }
    }

    /// Contains the text, whatever its case; with `*`, the whole fits the pattern.
    private func isLike(_ value: String, _ pattern: String) -> Bool {
        guard pattern.contains("*") else { return value.lowercased().contains(pattern.lowercased()) }
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, value.hasPrefix(first) else { return false }
        var rest = value.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.count >= last.count && rest.hasSuffix(last)
    }
}

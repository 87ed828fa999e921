package import FlareModel
import FlareStore

/// How long the history of an ended instance is kept, in milliseconds; nil where the workflow's own rule or the default
/// counts.
package struct InstanceRetention: Sendable, Hashable {
    /// Of those that completed.
    package var success: Int64?
    /// Of those that were errored or terminated.
    package var error: Int64?

    package init(success: Int64? = nil, error: Int64? = nil) {
        self.success = success
        self.error = error
    }

    /// Reads `{"<success>": …, "<error>": …}`, each a number of milliseconds or a text such as "3 days".
    ///
    /// Throws `invalidArgument` with what may be written.
    package init?(json: JSONValue?, success: String, error: String) throws {
        guard let json, json != .null else { return nil }
        guard let members = json.objectValue else {
            throw FlareError(
                .invalidArgument,
                "retention is an object",
                hint: "{\"\(success)\": \"3 days\", \"\(error)\": \"7 days\"}"
            )
        }
        let known = [success, error]
        if let other = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw FlareError(
                .invalidArgument,
                "retention has no \"\(other)\"",
                hint: "its members are \(success) and \(error)"
            )
        }
        self.init(
            success: try Self.milliseconds(members[success], success),
            error: try Self.milliseconds(members[error], error)
        )
    }

    private static func milliseconds(_ json: JSONValue?, _ name: String) throws -> Int64? {
        let value: Int64?
        switch json {
        case nil, .null: return nil
        case .integer(let number): value = number
        case .number(let number): value = Int64(exactly: number.rounded())
        case .string(let text): value = WordedDuration.milliseconds(text)
        default: value = nil
        }
        guard let value, (0...Limits.workflowRetentionMillisecondsMax).contains(value) else {
            let days = Limits.workflowRetentionMillisecondsMax / 86_400_000
            throw FlareError(
                .invalidArgument,
                "\(name) must be milliseconds or a text such as \"3 days\", at most \(days) days"
            )
        }
        return value
    }
}

/// What a workflow's owner has set for all its instances; nil where the default counts.
package struct WorkflowSettings: Codable, Sendable, Hashable {
    /// Steps that one run may have.
    package var steps: Int?
    /// Milliseconds that completed instances are kept.
    package var successRetention: Int64?
    /// Milliseconds that errored and terminated instances are kept.
    package var errorRetention: Int64?

    package init(steps: Int? = nil, retention: InstanceRetention? = nil) {
        self.steps = steps
        successRetention = retention?.success
        errorRetention = retention?.error
    }

    /// Reads what `stored` wrote.
    init(stored text: String) throws {
        self = text == "{}" ? WorkflowSettings() : try FlareJSON.decode(WorkflowSettings.self, from: Array(text.utf8))
    }

    var stored: String { String(decoding: FlareJSON.encode(self), as: UTF8.self) }

    /// What a new definition makes of these settings: its limit of steps counts, its retention where it has one.
    func redefined(by new: WorkflowSettings) -> WorkflowSettings {
        var result = new
        result.successRetention = new.successRetention ?? successRetention
        result.errorRetention = new.errorRetention ?? errorRetention
        return result
    }
}

/// Durations as workflows word them: `3 days`, `90 minutes`.
enum WordedDuration {
    private static let units: [String: Double] = [
        "ms": 1, "millisecond": 1, "s": 1e3, "sec": 1e3, "second": 1e3, "m": 6e4, "min": 6e4, "minute": 6e4,
        "h": 36e5, "hour": 36e5, "d": 864e5, "day": 864e5, "week": 6048e5, "month": 2592e6, "year": 31536e6,
    ]

    /// Milliseconds; nil when the text is no duration.
    static func milliseconds(_ text: String) -> Int64? {
        let lower = text.lowercased().filter { $0 != " " }
        let number = lower.prefix { $0.isNumber || $0 == "." }
        var unit = String(lower.dropFirst(number.count))
        if units[unit] == nil, unit.hasSuffix("s") { unit.removeLast() }
        guard let factor = units[unit], let value = Double(number), value * factor < 9e15 else { return nil }
        return Int64(value * factor)
    }
}

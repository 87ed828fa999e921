package import FlareModel

/// An error as JavaScript knows it: what user code threw, or what it is to catch.
package struct JavaScriptError: Error, Hashable, Sendable {
    package var name: String
    package var message: String
    /// With the user's files and lines, by source maps.
    ///
    /// Nil when it came from the engine.
    package var stack: String?
    /// A `NonRetryableError`, or a value that no retry can make storable.
    package var isNonRetryable: Bool

    package init(name: String = "Error", message: String, stack: String? = nil, isNonRetryable: Bool = false) {
        self.name = name
        self.message = message
        self.stack = stack
        self.isNonRetryable = isNonRetryable
    }

    /// Reads `{name, message, stack?, nonRetryable?}`; what is missing or of the wrong type reads as empty.
    package init(json: JSONValue) {
        name = json["name"]?.stringValue ?? "Error"
        message = json["message"]?.stringValue ?? ""
        stack = json["stack"]?.stringValue
        isNonRetryable = json["nonRetryable"]?.boolValue ?? false
    }

    /// How an engine's error looks to user code: its message, with the stable code in parentheses, as bindings do.
    package init(_ error: any Error) {
        switch error {
        case let error as JavaScriptError: self = error
        case let error as FlareError:
            self.init(message: "\(error.message) (\(error.code.apiCode))")
        default: self.init(message: "\(error)")
        }
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = ["name": .string(name), "message": .string(message)]
        if let stack { members["stack"] = .string(stack) }
        if isNonRetryable { members["nonRetryable"] = .bool(true) }
        return .object(members)
    }

    /// What `invoke` throws when user code threw this.
    package var flareError: FlareError {
        FlareError(.runFailed, message.isEmpty ? name : "\(name): \(message)", cause: self)
    }
}

package import FlareModel

/// Which events a follower wants.
///
/// All that is set must hold; of several values of one kind, one.
package struct TraceFilter: Sendable {
    /// `ok`, `error` or `canceled`.
    package enum Status: String, Sendable, CaseIterable {
        case ok, error, canceled
    }

    /// A request's header, and what its value contains, if that matters.
    package struct Header: Sendable {
        package var name: String
        package var value: String?

        /// Reads `NAME` or `NAME:VALUE`.
        package init(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            name = parts[0].lowercased()
            value = parts.count > 1 ? parts[1] : nil
        }
    }

    package var statuses: Set<Status> = []
    package var methods: Set<String> = []
    package var headers: [Header] = []
    /// Stands in a console line or an exception.
    package var search: String?
    package var version: String?
    /// The share of the events that is taken, by chance.
    package var samplingRate = 1.0

    package init() {}

    package func takes(_ event: TraceBody) -> Bool {
        takesOutcome(event) && takesRequest(event)
            && (version.map { event.scriptVersion.id.hasPrefix($0) } ?? true)
            && (search.map { Self.contains($0, event) } ?? true)
            && (samplingRate >= 1 || Double.random(in: 0..<1) < samplingRate)
    }

    private func takesOutcome(_ event: TraceBody) -> Bool {
        guard !statuses.isEmpty else { return true }
        switch event.outcome {
        case "ok": return statuses.contains(.ok)
        case "canceled": return statuses.contains(.canceled)
        default: return statuses.contains(.error)
        }
    }

    private func takesRequest(_ event: TraceBody) -> Bool {
        guard !methods.isEmpty || !headers.isEmpty else { return true }
        guard let request = event.event["request"] else { return false }
        let isMethod = methods.isEmpty || methods.contains(request["method"]?.stringValue?.uppercased() ?? "")
        return isMethod
            && headers.allSatisfy { header in
                guard let value = request["headers"]?[header.name]?.stringValue else { return false }
                return header.value.map(value.contains) ?? true
            }
    }

    private static func contains(_ text: String, _ event: TraceBody) -> Bool {
        event.logs.contains { $0.message.contains { $0.contains(text) } }
            || event.exceptions.contains { $0.message.contains(text) || $0.name.contains(text) }
    }
}

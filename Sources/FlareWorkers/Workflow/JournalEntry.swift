import FlareModel

/// The kinds of steps, part of a step's identity.
///
/// A rollback undoes the `do` step of the same name and occurrence.
package enum StepKind: String, Sendable, Codable {
    case `do`, sleep, wait, rollback
}

/// A finished step of an instance, as its next life replays it.
///
/// A list of them is in the order of completion.
package struct JournalEntry: Sendable {
    /// What the step came to.
    package enum Outcome: Sendable {
        /// Tagged JSON; empty for `undefined`, and for sleeps.
        case done([UInt8])
        /// A stream of so many bytes, which is read when user code reads it.
        case stream(bytes: Int64)
        case failed(JavaScriptError)
    }

    package var kind: StepKind
    package var name: String
    /// The nth step of this kind and name, from 1.
    package var occurrence: Int
    package var outcome: Outcome

    package init(kind: StepKind, name: String, occurrence: Int, outcome: Outcome) {
        self.kind = kind
        self.name = name
        self.occurrence = occurrence
        self.outcome = outcome
    }

    /// The entry's description in the journal.
    ///
    /// Nil `valueBytes`: the value is fetched when it is needed.
    func json(valueBytes: Int?) -> JSONValue {
        var members: [String: JSONValue] = [
            "k": .string(kind.rawValue), "name": .string(name), "n": .integer(Int64(occurrence)),
        ]
        switch (outcome, valueBytes) {
        case (.failed(let error), _): members["error"] = error.json
        case (.stream(let bytes), _): members["stream"] = .integer(bytes)
        case (.done, let bytes?): members["bytes"] = .integer(Int64(bytes))
        case (.done, nil): members["later"] = .bool(true)
        }
        return .object(members)
    }
}

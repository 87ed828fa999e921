package import FlareModel
package import FlareWorkers

/// A step that somebody names from outside: the nth of a name and kind.
package struct StepReference: Sendable, Hashable {
    package var name: String
    package var occurrence: Int
    package var kind: StepKind

    package init(name: String, occurrence: Int = 1, kind: StepKind = .do) {
        self.name = name
        self.occurrence = occurrence
        self.kind = kind
    }

    /// The step as Cloudflare's API and bindings name it; throws `invalidArgument` for an unknown type.
    package init(_ body: StepReferenceBody) throws {
        let kinds: [String: StepKind] = ["do": .do, "step": .do, "sleep": .sleep, "waitForEvent": .wait, "wait": .wait]
        guard let kind = kinds[body.type ?? "do"] else {
            throw FlareError(
                .invalidArgument,
                "\"\(body.type ?? "")\" is not a type of steps",
                hint: "use do, sleep or waitForEvent"
            )
        }
        let occurrence = body.count ?? 1
        guard occurrence >= 1 else {
            throw FlareError(.invalidArgument, "the count of a step is at least 1, not \(occurrence)")
        }
        self.init(name: body.name, occurrence: occurrence, kind: kind)
    }
}

/// How a replay finds the place to begin from.
package enum ReplayStart: Sendable, Hashable {
    /// From the failure if the run errored, else from the beginning.
    case automatic
    case beginning
    case failure
    case step(StepReference)
    /// `NAME`, `NAME#n`, or the label that `status` shows.
    case text(String)
}

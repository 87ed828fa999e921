import Synchronization

/// The begun steps that one write takes along.
///
/// They are taken when the write runs, not when it is asked for: the database's thread runs writes one after the other,
/// so that the end of a step never comes before its begin. A write that is run again has the same ones.
final class CarriedSteps: Sendable {
    private let steps = Mutex<[BegunStep]?>(nil)

    /// What the write carries; `take` is asked the first time.
    func take(_ take: () -> [BegunStep]) -> [BegunStep] {
        steps.withLock { steps in
            if let steps { return steps }
            let taken = take()
            steps = taken
            return taken
        }
    }

    /// What was not written after all.
    func giveBack() -> [BegunStep] {
        steps.withLock { steps in
            defer { steps = [] }
            return steps ?? []
        }
    }
}

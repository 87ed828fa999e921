import FlareModel

/// The rules of one call of `flare step` with a command: whether it runs, replays, waits or is refused.
///
/// Attempts and their delays are `StepState`'s to say; this comes before.
struct ShellStepRule: Sendable, Hashable {
    /// What is known of the step.
    enum Known: Sendable, Hashable {
        case nothing
        /// No attempt runs, and the step is not finished.
        case unfinished
        /// An attempt runs.
        case open(Holder)
        case complete(command: [String])
        case failed
    }

    /// Whose command the open attempt is.
    enum Holder: Sendable, Hashable {
        /// That of this very call, whose answer was lost.
        case thisCall
        case otherAlive
        case gone
    }

    enum Action: Sendable, Hashable {
        /// The step is new.
        case insert
        /// Its next attempt begins when it is due.
        case proceed
        /// The open attempt was cut off; then as `proceed`.
        case interrupt
        /// The open attempt is this call's own.
        case resume
        /// What ran before does not count any more: the step begins as if new, with its attempts numbered on.
        case reopen
        case replay
        /// Another process still works on it.
        case wait
        /// The command differs, and nobody has said what to do about it.
        case refuse
    }

    let command: [String]
    let onChange: ShellStepBody.OnChange

    func action(_ known: Known) -> Action {
        switch known {
        case .nothing: return .insert
        case .unfinished: return .proceed
        case .open(.thisCall): return .resume
        case .open(.otherAlive): return .wait
        case .open(.gone): return .interrupt
        case .failed: return .reopen
        case .complete(command): return .replay
        case .complete:
            switch onChange {
            case .fail: return .refuse
            case .rerun: return .reopen
            case .keep: return .replay
            }
        }
    }
}

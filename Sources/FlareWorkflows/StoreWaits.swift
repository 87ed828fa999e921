import FlareModel
import FlareStore
import Synchronization

/// Counts what waits because the database cannot be written, and says when the log is to be told of it.
///
/// Once a minute for all together: the log takes room on a disk that may be full.
final class StoreWaits: Sendable {
    private struct State {
        var count = 0
        var toldAt: Timestamp?
    }

    private let state = Mutex(State())

    /// Something begins to wait; `end` must follow.
    ///
    /// Returns how many wait when the log is to be told, else nil.
    func begin(at now: Timestamp) -> Int? {
        state.withLock { state in
            state.count += 1
            // A clock that was set back must not silence it.
            if let told = state.toldAt, now >= told, now < told + Limits.workflowComplaintInterval { return nil }
            state.toldAt = now
            return state.count
        }
    }

    /// Something tries again.
    func end() {
        state.withLock { $0.count -= 1 }
    }
}

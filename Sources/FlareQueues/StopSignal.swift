import FlareStore
import Synchronization

/// Set once, when the engine begins to stop.
final class StopSignal: Sendable {
    private let state = Mutex(false)
    /// Notified when set.
    ///
    /// For one waiter.
    let wake = Wake()

    var isSet: Bool { state.withLock { $0 } }

    func set() {
        state.withLock { $0 = true }
        wake.notify()
    }
}

/// The queues that have a runner.
final class RunningSet: Sendable {
    private let state = Mutex<Set<String>>([])

    /// False when it was in already.
    func insert(_ queueID: String) -> Bool {
        state.withLock { $0.insert(queueID).inserted }
    }

    func remove(_ queueID: String) {
        _ = state.withLock { $0.remove(queueID) }
    }
}

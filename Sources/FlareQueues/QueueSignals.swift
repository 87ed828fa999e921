import FlareModel
import FlareStore
import Synchronization

/// Wakes whoever waits for something to happen to a queue.
///
/// Nothing here survives a restart or needs to: each waiter reads the rows before it waits.
final class QueueSignals: Sendable {
    private struct State {
        var nextID = 0
        /// Waiters by queue: delivery runners and long pulls.
        var watches: [String: [Int: Wake]] = [:]
        /// When the retention sweep wakes by itself; nil when it waits for the first message.
        var sweepAt: Timestamp?
        /// The sweep looks at the queues just now: it may have passed a message that comes meanwhile.
        var isSweeping = false
        /// When the first message expires that has come while it looks.
        var expiryMeanwhile: Timestamp?
    }

    private let state = Mutex(State())
    /// Waited on by the delivery loop's supervisor: queues or consumers have changed.
    let catalog = Wake()
    /// Waited on by the retention sweep.
    let sweep = Wake()

    /// Begins to watch a queue.
    ///
    /// The caller must `end` it.
    func watch(_ queueID: String) -> QueueWatch {
        let wake = Wake()
        let id = state.withLock { state in
            state.nextID += 1
            state.watches[queueID, default: [:]][state.nextID] = wake
            return state.nextID
        }
        return QueueWatch(signals: self, queueID: queueID, id: id, wake: wake)
    }

    fileprivate func end(_ queueID: String, _ id: Int) {
        state.withLock { state in
            state.watches[queueID]?[id] = nil
            if state.watches[queueID]?.isEmpty == true { state.watches[queueID] = nil }
        }
    }

    /// Tells the waiters of a queue that messages or settings have changed.
    func notify(_ queueID: String) {
        let wakes = state.withLock { Array(($0.watches[queueID] ?? [:]).values) }
        for wake in wakes { wake.notify() }
    }

    /// Wakes everybody, so that they see that the engine stops.
    func notifyAll() {
        let wakes = state.withLock { state in state.watches.values.flatMap { Array($0.values) } }
        for wake in wakes { wake.notify() }
        catalog.notify()
        sweep.notify()
    }

    /// A message expires at `deadline`: wakes the sweep if it would sleep beyond.
    func expects(expiryAt deadline: Timestamp) {
        let isEarlier = state.withLock { state in
            if state.isSweeping {
                state.expiryMeanwhile = min(state.expiryMeanwhile ?? deadline, deadline)
                return false
            }
            if let sweepAt = state.sweepAt, sweepAt <= deadline { return false }
            state.sweepAt = deadline
            return true
        }
        if isEarlier { sweep.notify() }
    }

    /// The sweep is about to look at the queues; `sweepEnds` must follow.
    func sweepBegins() {
        state.withLock { state in
            state.isSweeping = true
            state.expiryMeanwhile = nil
        }
    }

    /// The sweep is about to sleep until the first message that it has seen expires, and not less than until `soonest`.
    ///
    /// Returns until when it may; nil when nothing expires.
    func sweepEnds(next: Timestamp?, soonest: Timestamp) -> Timestamp? {
        state.withLock { state in
            state.isSweeping = false
            state.sweepAt = [next, state.expiryMeanwhile].compactMap(\.self).min().map { max($0, soonest) }
            return state.sweepAt
        }
    }
}

/// One waiter of a queue.
struct QueueWatch: Sendable {
    fileprivate let signals: QueueSignals
    fileprivate let queueID: String
    fileprivate let id: Int
    let wake: Wake

    func end() {
        signals.end(queueID, id)
    }
}

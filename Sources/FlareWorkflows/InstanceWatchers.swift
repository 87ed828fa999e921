import FlareStore
import Synchronization

/// Wakes those who wait for something to happen to an instance.
final class InstanceWatchers: Sendable {
    /// What somebody waits for.
    enum Interest: Sendable {
        /// Every change.
        case changes
        /// The end alone: a run of many steps does not wake them for each.
        case end
    }

    private struct Watcher: Sendable {
        let wake: Wake
        let interest: Interest
    }

    private struct State {
        var nextID = 0
        var watchers: [Int64: [Int: Watcher]] = [:]
        /// Changes of all instances so far, and ends among them.
        var changes = 0
        var ends = 0

        func count(_ interest: Interest) -> Int {
            switch interest {
            case .changes: changes
            case .end: ends
            }
        }
    }

    private let state = Mutex(State())

    /// Notified on each change of any instance; for the one loop that sums them up.
    let changes = Wake()

    /// How much of a kind has happened to all instances; for `since` of `watching`.
    func count(_ interest: Interest) -> Int {
        state.withLock { $0.count(interest) }
    }

    /// Runs `body` with a wake that is notified on each change of the instance, or on its end.
    ///
    /// - Parameter since: the count of before the instance was read. Whatever has happened since, to any instance,
    ///   notifies the wake at once; nil when `body` reads the instance itself.
    func watching<Value>(
        _ instance: Int64,
        for interest: Interest = .changes,
        since count: Int? = nil,
        _ body: (Wake) async throws -> Value
    ) async rethrows -> Value {
        let wake = Wake()
        let id = state.withLock { state in
            state.nextID += 1
            state.watchers[instance, default: [:]][state.nextID] = Watcher(wake: wake, interest: interest)
            if let count, count != state.count(interest) { wake.notify() }
            return state.nextID
        }
        defer {
            state.withLock { state in
                state.watchers[instance]?[id] = nil
                if state.watchers[instance]?.isEmpty == true { state.watchers[instance] = nil }
            }
        }
        return try await body(wake)
    }

    /// Something has happened to an instance.
    func notify(_ instance: Int64) {
        notify(instance, .changes)
        changes.notify()
    }

    /// An instance has ended; a change, too, which is told by itself.
    func notifyEnd(_ instance: Int64) {
        notify(instance, .end)
    }

    private func notify(_ instance: Int64, _ interest: Interest) {
        let watchers = state.withLock { state in
            switch interest {
            case .changes: state.changes += 1
            case .end: state.ends += 1
            }
            return state.watchers[instance].map { Array($0.values) } ?? []
        }
        for watcher in watchers where watcher.interest == interest { watcher.wake.notify() }
    }
}

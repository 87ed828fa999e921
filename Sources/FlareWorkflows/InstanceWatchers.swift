import FlareStore
import Synchronization

/// Wakes those who wait for something to happen to an instance.
final class InstanceWatchers: Sendable {
    private struct State {
        var nextID = 0
        var wakes: [Int64: [Int: Wake]] = [:]
    }

    private let state = Mutex(State())

    /// Notified on each change of any instance; for the one loop that sums them up.
    let changes = Wake()

    /// Runs `body` with a wake that is notified on each change of the instance from now on.
    func watching<Value>(_ instance: Int64, _ body: (Wake) async throws -> Value) async rethrows -> Value {
        let wake = Wake()
        let id = state.withLock { state in
            state.nextID += 1
            state.wakes[instance, default: [:]][state.nextID] = wake
            return state.nextID
        }
        defer {
            state.withLock { state in
                state.wakes[instance]?[id] = nil
                if state.wakes[instance]?.isEmpty == true { state.wakes[instance] = nil }
            }
        }
        return try await body(wake)
    }

    func notify(_ instance: Int64) {
        let wakes = state.withLock { $0.wakes[instance].map { Array($0.values) } ?? [] }
        for wake in wakes { wake.notify() }
        changes.notify()
    }
}

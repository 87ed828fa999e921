import Synchronization

/// The wish that a command ends, which grows: first with what it has begun, then without.
final class StopRequest: Sendable {
    enum Level: Int, Comparable, Sendable {
        case none
        /// Begin nothing new.
        case stopping
        /// Ask what runs to end.
        case terminating
        /// End what runs.
        case killing

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    private struct State {
        var level = Level.none
        var isExpired = false
        var nextID = 0
        var observers: [Int: @Sendable (Level) -> Void] = [:]
    }

    private let state = Mutex(State())

    var level: Level { state.withLock { $0.level } }

    var isStopping: Bool { level >= .stopping }

    /// Whether the wish came from a limit of time, not from a signal.
    var isExpired: Bool { state.withLock { $0.isExpired } }

    /// The time that the command may take is over.
    func expire() {
        state.withLock { $0.isExpired = $0.level == .none }
        raise(to: .stopping)
    }

    /// Raises the level and tells all who observe it; never lowers it.
    func raise(to level: Level) {
        let observers = state.withLock { state in
            guard level > state.level else { return [@Sendable (Level) -> Void]() }
            state.level = level
            return Array(state.observers.values)
        }
        for observer in observers { observer(level) }
    }

    /// Calls `action` at each rise, at once when there was one already; to be ended with `forget`.
    func observe(_ action: @escaping @Sendable (Level) -> Void) -> Int {
        let (id, level) = state.withLock { state in
            state.nextID += 1
            state.observers[state.nextID] = action
            return (state.nextID, state.level)
        }
        if level > .none { action(level) }
        return id
    }

    func forget(_ id: Int) {
        state.withLock { $0.observers[id] = nil }
    }

    /// Runs something that may take for ever, and cancels it at the wish to stop; nil when it was.
    func untilStopped<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        guard !isStopping else { return nil }
        let work = Task { try await operation() }
        let id = observe { _ in work.cancel() }
        defer { forget(id) }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch  where isStopping {
            return nil
        }
    }
}

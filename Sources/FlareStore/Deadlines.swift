package import FlareModel
import Synchronization

/// Any number of deadlines, served by one sleeping task.
///
/// For things that mostly do not happen, such as time-outs: setting and dropping one costs no task and wakes nobody
/// unless it is the earliest. `run` must be running for any to fire.
package final class Deadlines: Sendable {
    /// A deadline that was set, to drop it by.
    package struct Token: Sendable, Hashable {
        fileprivate let id: Int
    }

    fileprivate struct State {
        /// Of all that were set and not yet served, by time; dropped ones stay until they come to the top, or until
        /// they are many.
        var heap: [(at: Timestamp, id: Int)] = []
        var actions: [Int: @Sendable () -> Void] = [:]
        var nextID = 0
        /// Until when `run` sleeps; nil when it sleeps without end.
        var sleepsUntil: Timestamp?
    }

    private let time: any TimeSource
    private let state = Mutex(State())
    private let changed = Wake()

    package init(time: any TimeSource) {
        self.time = time
    }

    /// Calls `action` once at `deadline`, or at once when it is past; not on the caller's thread.
    ///
    /// The action must be short and must not block.
    @discardableResult
    package func set(at deadline: Timestamp, _ action: @escaping @Sendable () -> Void) -> Token {
        let (id, isEarliest) = state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.actions[id] = action
            state.push(deadline, id)
            return (id, state.sleepsUntil.map { deadline < $0 } ?? true)
        }
        if isEarliest { changed.notify() }
        return Token(id: id)
    }

    /// Forgets a deadline; one that was served already changes nothing.
    package func drop(_ token: Token) {
        state.withLock { state in
            state.actions[token.id] = nil
            if state.heap.count > 1_024, state.heap.count > 2 * state.actions.count { state.compact() }
        }
    }

    /// Serves deadlines until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let (due, next) = state.withLock { state in
                let due = state.take(until: time.now())
                state.sleepsUntil = state.heap.first?.at
                return (due, state.sleepsUntil)
            }
            for action in due { action() }
            if due.isEmpty { await changed.wait(until: next, time: time) }
        }
    }
}

extension Deadlines.State {
    fileprivate mutating func push(_ deadline: Timestamp, _ id: Int) {
        heap.append((deadline, id))
        var index = heap.count - 1
        while index > 0, heap[index].at < heap[(index - 1) / 2].at {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes out what is due, the earliest first, and what was dropped on the way.
    fileprivate mutating func take(until now: Timestamp) -> [@Sendable () -> Void] {
        var due: [@Sendable () -> Void] = []
        while let first = heap.first, first.at <= now || actions[first.id] == nil {
            if let action = actions.removeValue(forKey: first.id) { due.append(action) }
            removeFirst()
        }
        return due
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        if heap.isEmpty { return }
        heap[0] = last
        sink(0)
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].at < heap[smallest].at {
                smallest = child
            }
            if smallest == index { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }

    /// Leaves the dropped ones out.
    fileprivate mutating func compact() {
        heap = heap.filter { actions[$0.id] != nil }.sorted { $0.at < $1.at }
    }
}

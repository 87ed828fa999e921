package import FlareModel
import Synchronization

/// Wakes one loop that waits for work.
///
/// A notification with nobody waiting is kept, so none is lost.
package final class Wake: Sendable {
    private enum State {
        case idle
        case notified
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    package init() {}

    /// Wakes the waiting loop, or lets its next wait return at once.
    package func notify() {
        let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .waiting(let continuation) = state {
                state = .idle
                return continuation
            }
            state = .notified
            return nil
        }
        waiting?.resume()
    }

    /// Returns when notified, at `deadline`, or when the task is cancelled.
    ///
    /// Only one task may wait at a time.
    package func wait(until deadline: Timestamp?, time: any TimeSource) async {
        guard let deadline else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when notified or when the task is cancelled.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state in
                    switch state {
                    case .notified:
                        state = .idle
                        return true
                    case .idle:
                        if Task.isCancelled { return true }
                        state = .waiting(continuation)
                        return false
                    case .waiting:
                        preconditionFailure("two tasks wait on one Wake; give each loop its own")
                    }
                }
                if resumeNow { continuation.resume() }
            }
        } onCancel: {
            let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
                guard case .waiting(let continuation) = state else { return nil }
                state = .idle
                return continuation
            }
            waiting?.resume()
        }
    }
}

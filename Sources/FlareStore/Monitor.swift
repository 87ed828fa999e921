import Glibc

/// State behind a lock that threads can wait on: `Mutex` with a condition.
///
/// For our own threads only, never for tasks: waiting blocks the thread.
package final class Monitor<State: Sendable>: @unchecked Sendable {
    // Unchecked because of `state` and the two C objects: `state` is touched only between lock and unlock, and the C
    // objects keep their address from init to deinit, since they are allocated apart.
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state.
    ///
    /// Whoever waits does not notice; see `notify`.
    package func withLock<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes all threads that wait, so that they look at the state again.
    package func notifyAll() {
        pthread_cond_broadcast(condition)
    }

    /// Wakes one thread that waits.
    package func notify() {
        pthread_cond_signal(condition)
    }

    /// Calls `body` on the state until it answers; between calls the thread sleeps until it is notified.
    package func wait<Value>(_ body: (inout State) -> Value?) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let value = body(&state) { return value }
            pthread_cond_wait(condition, mutex)
        }
    }
}

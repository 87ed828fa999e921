import Synchronization

/// A thread that is joined once, however often that is asked for.
final class LogThread: Sendable {
    private let thread: Mutex<SystemThread?>

    init(_ body: @escaping @Sendable () -> Void) {
        thread = Mutex(SystemThread(body))
    }

    func join() {
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }
}

import Glibc

/// A thread of the operating system, for work that blocks on the disk and must not hold a thread of Swift's tasks.
struct SystemThread: Sendable {
    private let thread: pthread_t

    /// Starts a thread that runs `body` once.
    ///
    /// Signals stay with the program's other threads.
    init(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Body(run: body)).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run()
                return nil
            },
            context
        )
        precondition(code == 0, "the system refuses another thread: \(String(cString: strerror(code)))")
        self.thread = thread
    }

    /// Waits until the body has returned.
    ///
    /// Every thread is joined or detached exactly once.
    func join() {
        pthread_join(thread, nil)
    }

    /// Lets the thread end by itself.
    func detach() {
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}

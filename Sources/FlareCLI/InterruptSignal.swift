import Glibc
import Synchronization

/// Turns the first SIGINT or SIGTERM into a call, so that a command can give back what it holds; a second one, or two
/// seconds without an end, ends the process with status 130.
///
/// A thread waits for the signals, since a handler may call almost nothing.
final class InterruptSignal: Sendable {
    private struct State {
        var hasFired = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var hasFired: Bool { state.withLock { $0.hasFired } }

    init() {
        // Blocked here, before other threads are made that matter, so that only the waiting thread gets them.
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<InterruptSignal>.fromOpaque(argument).takeRetainedValue().wait()
                return nil
            },
            context.toOpaque()
        )
        precondition(result == 0, "no thread could be made")
        pthread_detach(thread)
    }

    /// What the first signal does. Called at once when it has come already.
    func onSignal(_ action: @escaping @Sendable () -> Void) {
        let late = state.withLock { state in
            state.action = action
            return state.hasFired
        }
        if late { action() }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }

    private func wait() {
        var signals = Self.signals
        var number: Int32 = 0
        sigwait(&signals, &number)
        state.withLock { state in
            state.hasFired = true
            return state.action
        }?()
        var patience = timespec(tv_sec: 2, tv_nsec: 0)
        sigtimedwait(&signals, nil, &patience)
        _exit(130)
    }
}

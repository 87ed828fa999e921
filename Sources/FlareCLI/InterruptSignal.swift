import CFlareProcess
import Glibc
import Synchronization

/// Turns the first SIGINT or SIGTERM into a call, so that a command can give back what it holds.
///
/// A second one, or two seconds without an end, ends the process with status 130, unless the command has something to
/// do at the second one too. A handler may call almost nothing, so it writes to a pipe, and a thread reads that.
final class InterruptSignal: Sendable {
    private struct State {
        var hasFired = false
        var action: (@Sendable () -> Void)?
        var escalations: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var hasFired: Bool { state.withLock { $0.hasFired } }

    init() {
        let pipe = flare_signal_pipe()
        precondition(pipe >= 0, "no pipe could be made")
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Waiting(signal: self, pipe: pipe))
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let waiting = Unmanaged<Waiting>.fromOpaque(argument).takeRetainedValue()
                waiting.signal.wait(on: waiting.pipe)
                return nil
            },
            context.toOpaque()
        )
        precondition(result == 0, "no thread could be made")
        pthread_detach(thread)
    }

    /// What the first signal does.
    ///
    /// Called at once when it has come already.
    func onSignal(_ action: @escaping @Sendable () -> Void) {
        let late = state.withLock { state in
            state.action = action
            return state.hasFired
        }
        if late { action() }
    }

    /// What the signals after the first one do: each next one, and two seconds after the one before the last.
    ///
    /// Without any, the command has two seconds after the first signal; with some, as long as it takes.
    func onFurtherSignals(_ actions: [@Sendable () -> Void]) {
        state.withLock { $0.escalations = actions }
    }

    private func wait(on pipe: Int32) {
        guard Self.readable(pipe, milliseconds: -1) else { return }
        Self.take(pipe)
        let (action, escalations) = state.withLock { state in
            state.hasFired = true
            return (state.action, state.escalations)
        }
        action?()
        for (index, escalation) in escalations.enumerated() {
            if Self.readable(pipe, milliseconds: index == 0 ? -1 : 2_000) { Self.take(pipe) }
            escalation()
        }
        _ = Self.readable(pipe, milliseconds: 2_000)
        _exit(130)
    }

    private static func take(_ pipe: Int32) {
        var byte: UInt8 = 0
        _ = read(pipe, &byte, 1)
    }

    private static func readable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = Glibc.poll(&poll, 1, milliseconds)
            if count < 0 && errno == EINTR { continue }
            return count > 0
        }
    }

    private final class Waiting: Sendable {
        let signal: InterruptSignal
        let pipe: Int32

        init(signal: InterruptSignal, pipe: Int32) {
            self.signal = signal
            self.pipe = pipe
        }
    }
}

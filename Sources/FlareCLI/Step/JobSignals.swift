import CFlareProcess
import Glibc
import Synchronization

/// The signals of a command that runs a program of the user: they are for that program.
///
/// While none runs, a signal ends the command with 128 and its number, as it would have without this. A handler may
/// call almost nothing, so it writes to a pipe, and a thread reads that.
final class JobSignals: Sendable {
    private enum Phase {
        case idle
        case running(Job)
        /// What a job came to is being written down; the second signal ends the command all the same.
        case recording
    }

    private struct State {
        var phase = Phase.idle
        var last: Int32?
    }

    private let state = Mutex(State())

    /// Takes over the signals of this process.
    ///
    /// Once in its life.
    init() {
        let pipe = flare_job_signal_pipe()
        precondition(pipe >= 0, "no pipe could be made")
        JobThread.detach { self.forward(from: pipe) }
    }

    /// The last signal that came, whoever got it.
    var last: Int32? { state.withLock { $0.last } }

    /// Runs a job to its end with the signals that come meanwhile, and then lets `record` write its result down.
    func run<Value>(_ job: Job, record: (Job.End) async throws -> Value) async throws -> Value {
        state.withLock { $0.phase = .running(job) }
        let end: Job.End
        do {
            end = try await JobThread.run { try job.run() }
        } catch {
            state.withLock { $0.phase = .idle }
            throw error
        }
        state.withLock { $0.phase = .recording }
        defer { state.withLock { $0.phase = .idle } }
        return try await record(end)
    }

    /// Ends this process by the signal that ended its program.
    ///
    /// A shell goes on after a command that was interrupted and ended with a status of its own: it takes the signal for
    /// handled.
    func follow(_ end: Job.End) {
        guard end.isSignalled, end.isInterrupted, let last, end.status == 128 + last else { return }
        Self.end(by: last)
    }

    private static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        kill(getpid(), number)
        _exit(128 + number)
    }

    private func forward(from pipe: Int32) {
        var isSecond = false
        while true {
            var byte: UInt8 = 0
            let count = read(pipe, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return }
            let number = Int32(byte & 0x7F)
            let phase = state.withLock { state in
                state.last = number
                return state.phase
            }
            switch phase {
            case .idle:
                Self.end(by: number)
            case .running(let job):
                job.signal(number, fromTerminal: byte & 0x80 != 0)
            case .recording:
                if isSecond { Self.end(by: number) }
                isSecond = true
            }
        }
    }
}

/// Threads for calls that block: those of the language's own pool must not.
enum JobThread {
    /// Runs `body` on a thread of its own, which lives as long as it does.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            detach { continuation.resume(with: Result { try body() }) }
        }
    }

    static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(run: body))
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        precondition(result == 0, "no thread could be made")
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}

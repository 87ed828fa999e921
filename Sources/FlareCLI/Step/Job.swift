import CFlareProcess
import FlareModel
import Glibc
import Synchronization

/// A program of the user: it has the terminal, the environment and the descriptors of the command that runs it.
///
/// Its output is passed through as it comes and, for a step, recorded on its way. It does not outlive the command.
final class Job: Sendable {
    struct Settings: Sendable {
        /// The words before those of the command line, which are passed on as the bytes that they are.
        var leading: [String] = []
        /// How many of the last words of the command line belong to the program.
        var trailingCount = 0
        var path: String
        var recordsOutput = false
        var timeout: Duration?
        /// Leads a process group of its own, so that all that it starts can be stopped.
        var hasGroup = false
        /// Ends with the process that started this one.
        var endsWithParent = false
        /// Is killed some time after it was asked to end.
        var isKilled = false
    }

    struct End: Sendable {
        /// The exit status; 128 and the number of the signal that ended the program.
        var status: Int32
        var isSignalled: Bool
        var isTimedOut: Bool
        /// A signal was passed on, or the program was stopped from here.
        var isInterrupted: Bool
        var recording: OutputRecording
    }

    private struct State {
        var pid: pid_t?
        var isInterrupted = false
        var killAt: ContinuousClock.Instant?
    }

    let settings: Settings
    private let state = Mutex(State())
    /// Wakes the loop when a time to kill was set.
    private let wake: (read: Int32, write: Int32)

    init(_ settings: Settings) throws {
        self.settings = settings
        wake = try Self.pipe()
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    /// Passes a signal on.
    ///
    /// One from the terminal has reached a program without a group of its own already.
    func signal(_ number: Int32, fromTerminal: Bool) {
        state.withLock { state in
            state.isInterrupted = true
            guard let pid = state.pid, settings.hasGroup || !fromTerminal else { return }
            kill(settings.hasGroup ? -pid : pid, number)
        }
    }

    /// Asks the program to end.
    func stop() {
        state.withLock { state in
            state.isInterrupted = true
            terminate(&state)
        }
    }

    /// Starts the program and returns when it has ended.
    ///
    /// Blocks its thread, with which the program would end too. Throws when it cannot be started.
    func run() throws -> End {
        let output = settings.recordsOutput ? try Self.pipe() : nil
        let error = settings.recordsOutput ? try Self.pipe() : nil
        let pid = JobSpawn.spawn(settings, output: output?.write ?? 1, error: error?.write ?? 2)
        for end in [output?.write, error?.write] { if let end { close(end) } }
        guard pid > 0 else {
            for end in [output?.read, error?.read] { if let end { close(end) } }
            throw JobSpawn.failure(settings.path, -pid)
        }
        let isLate = state.withLock { state in
            state.pid = pid
            return state.isInterrupted
        }
        // A signal that came before there was a process to get it.
        if isLate { stop() }
        var loop = JobLoop(pid: pid, wake: wake.read, output: output?.read, error: error?.read, settings: settings)
        let isTimedOut = loop.run(
            deadline: settings.timeout.map { .now + $0 },
            killAt: { self.state.withLock { $0.killAt } },
            onTimeout: { self.state.withLock { self.terminate(&$0) } },
            onParentEnd: { self.stop() },
            onKill: { self.state.withLock { self.kill(&$0) } }
        )
        // What it left behind must not go on after a time-out. The number is still its own, as it is not yet reaped.
        if isTimedOut, settings.hasGroup { Glibc.kill(-pid, SIGKILL) }
        let isInterrupted = state.withLock { state in
            state.pid = nil
            return state.isInterrupted
        }
        let status = flare_wait(pid)
        guard status >= 0 else {
            throw FlareError(.internalError, "\(settings.path) was lost: \(String(cString: strerror(-status)))")
        }
        return End(
            status: status < 256 ? status : 128 + status - 256,
            isSignalled: status >= 256,
            isTimedOut: isTimedOut,
            isInterrupted: isInterrupted,
            recording: loop.recording
        )
    }

    private func terminate(_ state: inout State) {
        guard let pid = state.pid else { return }
        for process in targets(pid) { Glibc.kill(process, SIGTERM) }
        guard settings.isKilled else { return }
        state.killAt = .now + .milliseconds(Limits.shellGraceMilliseconds)
        _ = write(wake.write, [1], 1)
    }

    private func kill(_ state: inout State) {
        state.killAt = nil
        guard let pid = state.pid else { return }
        for process in targets(pid) { Glibc.kill(process, SIGKILL) }
    }

    private func kill(_ process: pid_t, _ number: Int32) {
        Glibc.kill(process, number)
    }

    /// What a signal to the whole program goes to: its group, or, as it shares flare's, itself and its descendants.
    private func targets(_ pid: pid_t) -> [pid_t] {
        if settings.hasGroup { return [-pid] }
        return settings.isKilled ? JobSpawn.descendants(of: pid) + [pid] : [pid]
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard flare_pipe(&ends) == 0 else { throw FlareError(.internalError, "no pipe could be made") }
        _ = fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK)
        return (ends[0], ends[1])
    }
}

import CFlareProcess
import FlareModel
import Glibc

/// Watches a running job from one thread: its output, its end, its time, and the end of the process that wants it.
struct JobLoop {
    private struct Source {
        let descriptor: Int32
        let stream: ShellOutputBody.Stream
        let target: Int32
    }

    /// How long what a job has left behind may be silent before its output is no longer waited for, in milliseconds.
    private static let quietMilliseconds: Int32 = 250

    private let process: Int32
    private let parent: Int32
    private let wake: Int32
    private var sources: [Source] = []
    private(set) var recording = OutputRecording()

    init(pid: pid_t, wake: Int32, output: Int32?, error: Int32?, settings: Job.Settings) {
        process = flare_pidfd_open(pid)
        parent = settings.endsWithParent ? flare_pidfd_open(getppid()) : -1
        self.wake = wake
        if let output { sources.append(Source(descriptor: output, stream: .stdout, target: 1)) }
        if let error { sources.append(Source(descriptor: error, stream: .stderr, target: 2)) }
    }

    /// Returns when the job has ended, not yet reaped; true when its time had run out before.
    mutating func run(
        deadline: ContinuousClock.Instant?,
        killAt: () -> ContinuousClock.Instant?,
        onTimeout: () -> Void,
        onParentEnd: () -> Void,
        onKill: () -> Void
    ) -> Bool {
        defer { for descriptor in [process, parent] where descriptor >= 0 { close(descriptor) } }
        var isTimedOut = false
        var watched = parent
        while true {
            let due = [isTimedOut ? nil : deadline, killAt()].compactMap { $0 }.min()
            var polls = [poll(process), poll(watched), poll(wake)] + sources.map { poll($0.descriptor) }
            let count = Glibc.poll(&polls, nfds_t(polls.count), due.map(Self.milliseconds) ?? -1)
            if count < 0, errno != EINTR { break }
            for source in sources where polls.contains(where: { $0.fd == source.descriptor && $0.revents != 0 }) {
                pass(source)
            }
            if polls[2].revents != 0 { drainWake() }
            if polls[0].revents != 0 { break }
            if watched >= 0, polls[1].revents != 0 {
                watched = -1
                onParentEnd()
            }
            if let deadline, !isTimedOut, deadline <= .now {
                isTimedOut = true
                onTimeout()
            }
            if let kill = killAt(), kill <= .now { onKill() }
        }
        passRest()
        return isTimedOut
    }

    /// What is still on its way when the job has ended, such as from a `tee` behind it.
    private mutating func passRest() {
        while !sources.isEmpty {
            var polls = sources.map { poll($0.descriptor) }
            let count = Glibc.poll(&polls, nfds_t(polls.count), Self.quietMilliseconds)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for source in sources where polls.contains(where: { $0.fd == source.descriptor && $0.revents != 0 }) {
                pass(source)
            }
        }
        for source in sources { close(source.descriptor) }
        sources = []
    }

    /// Passes on what can be read now.
    private mutating func pass(_ source: Source) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(source.descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return end(source) }
        recording.append(buffer[..<count], source.stream)
        // Nobody reads any more: the job learns of it as it would without flare.
        if !Self.write(buffer[..<count], to: source.target) { end(source) }
    }

    private mutating func end(_ source: Source) {
        close(source.descriptor)
        sources.removeAll { $0.descriptor == source.descriptor }
    }

    private func drainWake() {
        var buffer = [UInt8](repeating: 0, count: 64)
        _ = read(wake, &buffer, buffer.count)
    }

    private func poll(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    private static func milliseconds(until instant: ContinuousClock.Instant) -> Int32 {
        Int32(clamping: max(0, (instant - .now).milliseconds + 1))
    }

    /// False when the other side has gone.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Somebody made the terminal or the pipe non-blocking for all who share it.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, -1)
                continue
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

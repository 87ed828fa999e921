import CFlareProcess
import Glibc

/// Waits for the end of a process that is not a child.
enum ProcessEnd {
    /// Returns whether the process has ended within the time.
    static func wait(pid: pid_t, seconds: Int32) -> Bool {
        let descriptor = flare_pidfd_open(pid)
        // No such process: it has ended already.
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, seconds * 1000) > 0
    }
}

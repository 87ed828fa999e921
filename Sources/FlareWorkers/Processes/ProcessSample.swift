import Glibc

/// What a process has used so far, by /proc.
struct ProcessSample: Sendable, Hashable {
    /// Of the thread that runs JavaScript.
    var processorTime: Duration
    /// Resident, whatever it is for: JavaScript's heap, ArrayBuffers, WebAssembly.
    var memoryBytes: UInt64
    var time: SuspendingClock.Instant

    init(processorTime: Duration, memoryBytes: UInt64, time: SuspendingClock.Instant) {
        self.processorTime = processorTime
        self.memoryBytes = memoryBytes
        self.time = time
    }

    /// Nil when the process is gone.
    init?(pid: pid_t) {
        guard let status = Self.read("/proc/\(pid)/task/\(pid)/stat"), let memory = Self.read("/proc/\(pid)/statm"),
            // The second field, a name in parentheses, may hold blanks.
            let end = status.lastIndex(of: ")")
        else { return nil }
        let fields = status[end...].split(separator: " ")
        let pages = memory.split(separator: " ")
        guard fields.count > 13, let user = Int64(fields[12]), let system = Int64(fields[13]), pages.count > 1,
            let resident = UInt64(pages[1])
        else { return nil }
        let ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        processorTime = .milliseconds((user + system) * 1_000 / ticksPerSecond)
        memoryBytes = resident * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        time = .now
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 8) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[0..<count], as: UTF8.self) : nil
        }
    }
}

import Glibc

/// A process of this machine, known again by its number and the time of its start: numbers are given out anew.
package struct ProcessIdentity: Codable, Sendable, Hashable {
    package let pid: Int32
    /// Clock ticks from the boot of the machine to the start of the process, the 22nd field of proc_pid_stat(5).
    package let startTicks: Int64

    package init(pid: Int32, startTicks: Int64) {
        self.pid = pid
        self.startTicks = startTicks
    }

    /// The process that has this number now; nil when there is none, or only one that has ended.
    package init?(pid: Int32) {
        guard let file = fopen("/proc/\(pid)/stat", "re") else { return nil }
        defer { fclose(file) }
        // The name is at most 16 bytes long and the fields before the start some 300.
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = fread(&buffer, 1, buffer.count, file)
        // The name stands in parentheses and may itself hold spaces and parentheses.
        guard let name = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: buffer[(name + 1)..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let ticks = Int64(fields[19]) else { return nil }
        self.init(pid: pid, startTicks: ticks)
    }

    /// This process.
    package static var current: ProcessIdentity {
        ProcessIdentity(pid: getpid()) ?? ProcessIdentity(pid: getpid(), startTicks: 0)
    }

    package var isAlive: Bool { ProcessIdentity(pid: pid) == self }

    enum CodingKeys: String, CodingKey {
        case pid
        case startTicks = "start_ticks"
    }
}

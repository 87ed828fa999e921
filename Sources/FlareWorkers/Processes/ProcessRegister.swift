import FlareModel
import FoundationEssentials
import Glibc

/// Remembers the children of this engine in files, so that the next engine can kill those that were left over.
///
/// The kernel kills children with the engine on Linux; this is the net below, for a child that changed its credentials
/// or a kernel without that call. A pid is only trusted together with the start time of its process.
struct ProcessRegister: Sendable {
    /// Holds one file per child, named by its pid, with its start time inside.
    let directory: String

    func record(_ pid: pid_t) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        guard let start = Self.startTime(of: pid) else { return }
        try Data(start.utf8).write(to: URL(filePath: path(pid)))
    }

    func forget(_ pid: pid_t) {
        unlink(path(pid))
    }

    /// Kills every recorded process that still runs and is the one that was recorded.
    ///
    /// Returns their pids.
    @discardableResult
    func killLeftovers() -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var killed: [pid_t] = []
        for pid in names.compactMap(pid_t.init) where pid > 1 {
            let recorded = (try? Data(contentsOf: URL(filePath: path(pid)))).map { String(decoding: $0, as: UTF8.self) }
            if let recorded, recorded == Self.startTime(of: pid) {
                kill(pid, SIGKILL)
                killed.append(pid)
            }
            forget(pid)
        }
        return killed
    }

    /// Field 22 of /proc/PID/stat: start time in ticks since boot.
    ///
    /// The second field, a name in parentheses, may hold blanks, so counting begins behind its end.
    static func startTime(of pid: pid_t) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }

    private func path(_ pid: pid_t) -> String { "\(directory)/\(pid)" }
}

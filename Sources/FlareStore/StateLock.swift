package import FlareModel
import Glibc

/// The right to be the one engine of a state directory, held as long as this object lives.
///
/// A lock of the kernel on `engine.lock`, so it ends with its process however that ends; the file itself stays.
package final class StateLock: Sendable {
    /// How long and how often a lock without its engine is waited for: two seconds, where milliseconds are the rule.
    private static let pauseMicroseconds: UInt32 = 5_000
    private static let pausesMax = 400

    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Takes the lock and writes this process's pid into it.
    ///
    /// Makes the state directory (mode 0700) when it is missing.
    ///
    /// A process that a killed engine was just creating holds the lock until it runs its own program: that is waited
    /// for.
    ///
    /// Throws `stateInUse` naming the pid of the engine that holds it.
    ///
    /// - Parameter pause: waits a little.
    package static func acquire(
        _ state: StateDirectory,
        disk: any Disk = PosixDisk(),
        pause: () -> Void = { usleep(pauseMicroseconds) }
    ) throws -> StateLock {
        try onDisk { () throws(DiskError) in try disk.createDirectory(state.path) }
        let descriptor = open(state.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DiskError("open", state.lock, errno).flareError }
        let lock = StateLock(descriptor: descriptor)
        var pauses = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { throw DiskError("flock", state.lock, errno).flareError }
            guard lock.isLeftBehind, pauses < pausesMax else { throw lock.inUse(state) }
            pauses += 1
            pause()
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw DiskError("write", state.lock, errno).flareError
        }
        return lock
    }

    /// Whether the engine that has taken the lock is gone.
    private var isLeftBehind: Bool {
        guard let pid = pid_t(holder), pid > 0 else { return false }
        return kill(pid, 0) != 0 && errno == ESRCH
    }

    /// The pid that the holder has written; empty when it has not yet.
    private var holder: String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        let digits = bytes[..<count].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return String(decoding: digits, as: UTF8.self)
    }

    private func inUse(_ state: StateDirectory) -> FlareError {
        // A holder that has not yet written its pid has only just started.
        let holder = holder.isEmpty ? "an engine that is starting" : "the engine with pid \(holder)"
        return FlareError(
            .stateInUse,
            "the state directory \(state.path) is in use by \(holder)",
            hint: "flare engine status"
        )
    }
}

import FlareModel
import FlareStore
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Writes log lines as JSON, one object a line, to a descriptor.
///
/// The file is renamed to `engine.log.1` when it exceeds its bound, so the log holds at most twice that.
final class LogFile: Sendable {
    private struct State {
        var descriptor: Int32
        var sizeBytes: Int
    }

    private let path: String?
    private let state: Mutex<State>

    /// - Parameter path: the log file, or nil for stderr.
    init(path: String?) throws {
        self.path = path
        let descriptor = try path.map(Self.open) ?? 2
        state = Mutex(State(descriptor: descriptor, sizeBytes: Self.size(of: descriptor)))
    }

    func write(_ line: [UInt8]) {
        state.withLock { state in
            if let path, state.sizeBytes + line.count > Limits.logFileBytesMax { rotate(path, &state) }
            // A log that cannot be written, on a full disk say, must not stop what it tells of.
            _ = line.withUnsafeBytes { Glibc.write(state.descriptor, $0.baseAddress, $0.count) }
            state.sizeBytes += line.count
        }
    }

    private func rotate(_ path: String, _ state: inout State) {
        guard rename(path, path + ".1") == 0, let fresh = try? Self.open(path) else { return }
        close(state.descriptor)
        state = State(descriptor: fresh, sizeBytes: 0)
    }

    private static func open(_ path: String) throws -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw FlareError(.permissionDenied, "the log \(path) cannot be written: \(reason)")
        }
        return descriptor
    }

    private static func size(of descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// The handler behind every logger of the engine.
struct FileLogHandler: LogHandler {
    private struct Line: Encodable {
        let time: Timestamp
        let level: String
        let room: String
        let message: String
        let values: [String: String]
    }

    let label: String
    let file: LogFile
    let time: any TimeSource
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        let line = Line(
            time: time.now(),
            level: event.level.rawValue,
            room: label,
            message: event.message.description,
            values: values
        )
        file.write(FlareJSON.encode(line) + [UInt8(ascii: "\n")])
    }
}

import FlareModel
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix

/// The reference of all that is durable: the same bytes written to a file and synced, group by group, by one thread
/// that does nothing else.
///
/// The file is filled with zeros first and written round and round, as the segments of a log are, so that a sync writes
/// the data only. It lies where the engine's own state directory lies, in the temporary directory.
struct BareAppend: Sendable {
    static let name = "bare append"
    /// Bytes of the file, and the largest group.
    private static let fileBytes = 67_108_864
    private static let groupBytesMax = 8_388_608

    enum Extent: Sendable {
        case seconds(Double)
        /// At least so many.
        case bytes(Int)
    }

    private let descriptor: Int32

    /// Runs a body with the file, which has no name and is gone afterwards.
    static func with<Value: Sendable>(_ body: (BareAppend) async throws -> Value) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/flare-bench-append-" + Identifier.hexadecimal()
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("no file \(path)") }
        defer { close(descriptor) }
        unlink(path)
        let zeros = [UInt8](repeating: 0, count: groupBytesMax)
        for position in stride(from: 0, to: fileBytes, by: zeros.count) {
            try write(zeros, to: descriptor, at: position)
        }
        guard fsync(descriptor) == 0 else { throw failure("fsync") }
        return try await body(BareAppend(descriptor: descriptor))
    }

    /// Bytes a second.
    ///
    /// - Parameters:
    ///   - bytes: what is written, again and again.
    ///   - group: how many of it between two syncs: what the benchmark may have unanswered at once.
    func run(_ bytes: [UInt8], group: Int, _ extent: Extent) async throws -> Double {
        let size = min(Self.groupBytesMax, group)
        let content = (0..<(size + bytes.count - 1) / bytes.count).flatMap { _ in bytes }.prefix(size)
        let whole = Array(content)
        return try await NIOThreadPool.singleton.runIfActive { try append(whole, extent) }
    }

    private func append(_ group: [UInt8], _ extent: Extent) throws -> Double {
        let begun = NIODeadline.now()
        var written = 0
        var position = 0
        while true {
            if position + group.count > Self.fileBytes { position = 0 }
            try Self.write(group, to: descriptor, at: position)
            guard fdatasync(descriptor) == 0 else { throw Self.failure("fdatasync") }
            position += group.count
            written += group.count
            let seconds = Double((NIODeadline.now() - begun).nanoseconds) / 1e9
            let isDone =
                switch extent {
                case .seconds(let limit): seconds >= limit
                case .bytes(let bytes): written >= bytes
                }
            if isDone { return Double(written) / seconds }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, at position: Int) throws {
        guard pwrite(descriptor, bytes, bytes.count, position) == bytes.count else { throw failure("pwrite") }
    }

    private static func failure(_ what: String) -> FlareError {
        FlareError(.storeFailed, "\(what): \(String(cString: strerror(errno)))")
    }
}

import FlareModel
import Glibc

/// A file that appears under its name only when it is complete: written beside it, then renamed.
struct FileOutput: Sendable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32

    /// Throws `permissionDenied` or `invalidArgument` when no file can be made there.
    init(path: String) throws {
        self.path = path
        temporary = "\(path).\(Identifier.hexadecimal().prefix(8)).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path, errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name.
    func finish() throws {
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = Self.failure(path, errno)
            unlink(temporary)
            throw error
        }
    }

    /// Removes what has been written.
    func discard() {
        close(descriptor)
        unlink(temporary)
    }

    private static func failure(_ path: String, _ number: Int32) -> FlareError {
        let code: FlareError.Code =
            switch number {
            case ENOSPC: .diskFull
            case EACCES, EROFS, EPERM: .permissionDenied
            case ENOENT: .fileNotFound
            default: .invalidArgument
            }
        return FlareError(code, "cannot write \(path): \(String(cString: strerror(number)))")
    }
}

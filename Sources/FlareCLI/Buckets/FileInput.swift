import FlareModel
import Glibc

/// A file, or stdin, read in pieces.
struct FileInput: Sendable {
    private let descriptor: Int32
    private let name: String
    /// The size of a regular file; nil for pipes and terminals.
    let lengthBytes: Int?

    /// Opens a file; nil is stdin.
    ///
    /// Throws `fileNotFound`, or `invalidArgument` when it cannot be read.
    init(path: String?) throws {
        name = path ?? "stdin"
        if let path {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileFailure.reading(path, errno) }
        } else {
            descriptor = STDIN_FILENO
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure.reading(name, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw FileFailure.reading(name, EISDIR)
        // Only what is still ahead counts, for a stdin that has been read from before.
        case S_IFREG: lengthBytes = max(0, Int(status.st_size) - max(0, Int(lseek(descriptor, 0, SEEK_CUR))))
        default: lengthBytes = nil
        }
    }

    func close() {
        if descriptor != STDIN_FILENO { Glibc.close(descriptor) }
    }

    /// The next piece, nil at the end.
    ///
    /// Waits for it, however long a pipe takes.
    func next(max: Int = Limits.objectChunkBytes) throws -> [UInt8]? {
        try Task.checkCancellation()
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: min(max, Limits.objectChunkBytes)) { buffer, used in
            repeat {
                count = read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && (errno == EINTR || errno == EAGAIN && waits())
            used = Swift.max(0, count)
        }
        guard count >= 0 else { throw FileFailure.reading(name, errno) }
        return count == 0 ? nil : bytes
    }

    /// Waits for more of a pipe or a terminal that somebody made non-blocking for all who share it.
    private func waits() -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, -1) > 0 || errno == EINTR
    }
}

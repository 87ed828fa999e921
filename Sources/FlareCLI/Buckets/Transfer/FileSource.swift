import FlareModel
import Glibc
import Synchronization

/// A regular file that is read in ranges, from several tasks at once.
final class FileSource: Sendable {
    let path: String
    /// What the file was when it was opened.
    let identity: FileIdentity
    private let descriptor: Int32

    var sizeBytes: Int { identity.sizeBytes }

    /// Throws `fileNotFound`, `permissionDenied` or `invalidArgument` for what is no regular file.
    init(path: String) throws {
        self.path = path
        // A pipe in the place of the file must not be waited for.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure.reading(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let number = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL
            close(descriptor)
            throw FileFailure.reading(path, number)
        }
        identity = FileIdentity(status)
    }

    deinit {
        close(descriptor)
    }

    /// Bytes from an offset, at most `count`, fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            while used < count, let base = buffer.baseAddress {
                let result = pread(descriptor, base + used, count - used, off_t(offset + used))
                if result < 0 && errno == EINTR { continue }
                if result < 0 { failure = errno }
                if result <= 0 { break }
                used += result
            }
        }
        guard failure == 0 else { throw FileFailure.reading(path, failure) }
        return bytes
    }

    /// The MD5 of a range.
    ///
    /// Throws when the file has become shorter.
    func digest(of range: Range<Int>) throws -> [UInt8] {
        var md5 = MD5()
        var offset = range.lowerBound
        while offset < range.upperBound {
            try Task.checkCancellation()
            let bytes = try read(at: offset, count: min(Self.chunkBytes, range.upperBound - offset))
            guard !bytes.isEmpty else { throw changed }
            md5.update(bytes)
            offset += bytes.count
        }
        return md5.digest
    }

    /// Pieces of a range, for the body of a request; `sent` is told of each.
    func pieces(
        of range: Range<Int>,
        sent: @escaping @Sendable (Int) -> Void
    ) -> @Sendable () async throws -> [UInt8]? {
        let position = Position(range.lowerBound)
        return { [self] in
            try Task.checkCancellation()
            let offset = position.offset
            guard offset < range.upperBound else { return nil }
            let bytes = try read(at: offset, count: min(Self.chunkBytes, range.upperBound - offset))
            guard !bytes.isEmpty else { throw changed }
            position.advance(bytes.count)
            sent(bytes.count)
            return bytes
        }
    }

    /// Throws when the file is no longer what it was when it was opened.
    func requireUnchanged() throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0, FileIdentity(status) == identity else { throw changed }
    }

    var isUnchanged: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && FileIdentity(status) == identity
    }

    var changed: FlareError {
        FlareError(
            .invalidData,
            "\(path) changed while it was read",
            hint: "run the command again when nothing writes to it"
        )
    }

    /// Bytes that are read at once.
    static let chunkBytes = 1_048_576
}

/// How far a body has been read: only its one sender moves it, through an atomic because tasks change threads.
private final class Position: Sendable {
    private let value: Atomic<Int>

    init(_ offset: Int) {
        value = Atomic(offset)
    }

    var offset: Int { value.load(ordering: .acquiring) }

    func advance(_ count: Int) {
        value.add(count, ordering: .releasing)
    }
}

import FlareModel
import Glibc

/// A file on its way: it lies under a name of its own beside the place that it gets when it is whole.
///
/// The name depends on the place and on the etag of the object, so that an interrupted download of the same version is
/// found again and goes on where it ended. The lock keeps two downloads from writing to one file.
struct PartFile: Sendable {
    /// What the names of all such files begin with; trees that are sent leave them out.
    static let namePrefix = ".flare-part-"

    let place: OutputPlace
    let name: String
    /// Bytes that an earlier download has left here.
    let heldBytes: Int
    private let descriptor: Int32

    /// Throws `diskFull`, `permissionDenied` or `invalidArgument` when no file can be made there.
    init(at place: OutputPlace, etag: String, resumes: Bool) throws {
        self.place = place
        let identity = hexadecimalText(MD5.digest(Array("\(etag)\0\(place.name)".utf8)).prefix(8))
        let random = Identifier.hexadecimal().prefix(16)
        for name in resumes ? [Self.namePrefix + identity, Self.namePrefix + random] : [Self.namePrefix + random] {
            let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
            let descriptor = openat(place.directory.descriptor, name, flags, 0o666)
            guard descriptor >= 0 else { throw FileFailure.writing(place.path, errno) }
            var status = stat()
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink == 1
            else {
                // Another command is at it.
                close(descriptor)
                continue
            }
            self.name = name
            self.descriptor = descriptor
            heldBytes = Int(status.st_size)
            return
        }
        throw FlareError(.inUse, "another command is writing to \(place.path)")
    }

    /// Bytes that are there now.
    var sizeBytes: Int? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Empties the file.
    func restart() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw FileFailure.writing(place.path, errno) }
    }

    /// Bytes that are there already, for their digest.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            repeat {
                result = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            } while result < 0
                && errno == EINTR
            used = max(0, result)
        }
        guard result >= 0 else { throw FileFailure.reading(place.path, errno) }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        try bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count, let base = buffer.baseAddress {
                let count = pwrite(descriptor, base + written, buffer.count - written, off_t(offset + written))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw FileFailure.writing(place.path, errno) }
                written += count
            }
        }
    }

    /// Gives the file its name and time.
    func finish(modified: FileTime?) throws {
        if let modified {
            let times = [timespec(tv_sec: 0, tv_nsec: Self.omitted), modified.specification]
            guard futimens(descriptor, times) == 0 else { throw FileFailure.writing(place.path, errno) }
        }
        guard renameat(place.directory.descriptor, name, place.directory.descriptor, place.name) == 0 else {
            let error = FileFailure.writing(place.path, errno)
            discard()
            throw error
        }
        close(descriptor)
    }

    /// Leaves what is there for a later download.
    func keep() {
        close(descriptor)
    }

    /// Removes what has been written.
    func discard() {
        unlinkat(place.directory.descriptor, name, 0)
        close(descriptor)
    }

    /// Linux's UTIME_OMIT, a macro that Swift does not see: leaves the time of the last reading as it is.
    private static let omitted = (1 << 30) - 2
}

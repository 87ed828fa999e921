import CFlareSystem
import Glibc
import NIOCore

/// The machine's own file system.
package struct PosixDisk: Disk {
    package init() {}

    package func createDirectory(_ path: String) throws(DiskError) {
        if mkdir(path, 0o700) == 0 { return try syncDirectory(parentDirectory(of: path)) }
        switch errno {
        case EEXIST: return
        case ENOENT where parentDirectory(of: path) != path:
            try createDirectory(parentDirectory(of: path))
            try createDirectory(path)
        default: throw DiskError("mkdir", path, errno)
        }
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let flags =
            switch mode {
            case .reading: O_RDONLY
            case .updating: O_RDWR
            case .replacing: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = retrying { Glibc.open(path, flags | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw DiskError("open", path, errno) }
        return PosixFile(descriptor: descriptor, path: path)
    }

    package func rename(_ path: String, to target: String) throws(DiskError) {
        guard Glibc.rename(path, target) == 0 else { throw DiskError("rename", path, errno) }
    }

    package func remove(_ path: String) throws(DiskError) {
        guard unlink(path) == 0 else { throw DiskError("unlink", path, errno) }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        guard rmdir(path) == 0 else { throw DiskError("rmdir", path, errno) }
    }

    package func freeBytes(_ directory: String) throws(DiskError) -> Int {
        var answer = statvfs()
        guard statvfs(directory, &answer) == 0 else { throw DiskError("statvfs", directory, errno) }
        return Int(clamping: answer.f_bavail.multipliedReportingOverflow(by: answer.f_frsize).partialValue)
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw DiskError("opendir", directory, errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            // By address: an entry ends behind its name, so a copy of the declared 256 bytes of `d_name` would read
            // beyond it, and behind the last entry beyond the buffer of `readdir`.
            guard let place = MemoryLayout<dirent>.offset(of: \dirent.d_name) else {
                preconditionFailure("the name of a directory entry has no address")
            }
            let name = String(cString: (UnsafeRawPointer(entry) + place).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw DiskError("readdir", directory, errno) }
        return names
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        let descriptor = retrying { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw DiskError("open", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DiskError("fsync", path, errno) }
    }
}

/// The directory that holds a path.
func parentDirectory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// An open descriptor.
private final class PosixFile: DiskFile {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    func write(_ parts: [ByteBuffer], at position: Int) throws(DiskError) {
        // The pointers outlive the closures that give them, so each part's storage is held until all is written.
        var held: [Unmanaged<AnyObject>] = []
        defer { for storage in held { storage.release() } }
        held.reserveCapacity(parts.count)
        var vectors: [iovec] = []
        vectors.reserveCapacity(parts.count)
        for part in parts where part.readableBytes > 0 {
            part.withUnsafeReadableBytesWithStorageManagement { bytes, storage in
                held.append(storage.retain())
                vectors.append(
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                )
            }
        }
        var position = position
        var first = 0
        while first < vectors.count {
            let count = min(vectors.count - first, Int(UIO_MAXIOV))
            let written = vectors.withUnsafeBufferPointer { vectors in
                retrying { pwritev(descriptor, vectors.baseAddress.map { $0 + first }, Int32(count), off_t(position)) }
            }
            guard written > 0 else { throw DiskError("pwritev", path, written == 0 ? ENOSPC : errno) }
            position += written
            first = advance(&vectors, from: first, by: written)
        }
    }

    /// Skips what was written, within the vector that was written in part.
    ///
    /// Returns the first vector that remains.
    private func advance(_ vectors: inout [iovec], from first: Int, by written: Int) -> Int {
        var first = first
        var rest = written
        while rest > 0 {
            if rest < vectors[first].iov_len {
                vectors[first].iov_base += rest
                vectors[first].iov_len -= rest
                return first
            }
            rest -= vectors[first].iov_len
            first += 1
        }
        return first
    }

    func read(at position: Int, count: Int) throws(DiskError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let offset = position + buffer.readableBytes
            let wanted = count - buffer.readableBytes
            let received = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                max(0, retrying { pread(descriptor, space.baseAddress, wanted, off_t(offset)) })
            }
            if received == 0 {
                // Either the end of the file or a failure; errno is asked only where the size says it was no end.
                guard offset >= (try sizeBytes()) else { throw DiskError("pread", path, EIO) }
                break
            }
        }
        return buffer
    }

    func beginSync(at position: Int, count: Int) {
        _ = flare_begin_sync(descriptor, Int64(position), Int64(count))
    }

    func sync() throws(DiskError) {
        guard retrying({ Int(flare_fdatasync(descriptor)) }) == 0 else { throw DiskError("fdatasync", path, errno) }
    }

    func sizeBytes() throws(DiskError) -> Int {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw DiskError("fstat", path, errno) }
        return Int(information.st_size)
    }
}

/// Repeats a call that a signal interrupted.
private func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

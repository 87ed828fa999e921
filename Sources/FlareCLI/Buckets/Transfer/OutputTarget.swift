import FlareModel
import Glibc

/// Where the name of a file to write leads, behind all links.
struct OutputTarget: Equatable, Sendable {
    /// No link but those to what a process holds open, whether something is there or not.
    let path: String
    /// The number under which this program holds it open, as for `/dev/stdout`; nil for all else.
    ///
    /// The file behind it is not to be found by a name: it may have none any more, and another file in its place would
    /// take away what others have written to it.
    let number: Int32?

    /// As many as Linux follows.
    private static let linksMax = 40

    /// Throws `invalidArgument` for links that lead in a circle.
    init(_ path: String) throws {
        var name = path
        for _ in 0..<Self.linksMax {
            let folder = String(decoding: name.utf8.prefix(name.folderBytes), as: UTF8.self)
            let owner = Self.ownerOfOpenFiles(folder)
            // What a link to an open file says may be no name.
            guard owner == nil, let next = try Self.link(name) else {
                self.path = name
                number = owner == .this ? Int32(name.lastPart) : nil
                return
            }
            name = next.beginsWithSlash ? next : folder + next
        }
        throw FileFailure.writing(path, ELOOP)
    }

    /// A descriptor for what is written to as it is: what is open already, a pipe or a device; nil for a directory, a
    /// regular file and what is not there.
    func openStream() throws -> Int32? {
        let descriptor: Int32
        if let number {
            let flags = fcntl(number, F_GETFL)
            guard flags >= 0, flags & O_ACCMODE != O_RDONLY else { throw FileFailure.writing(path, EBADF) }
            descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
        } else {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            let kind = status.st_mode & S_IFMT
            guard kind != S_IFREG, kind != S_IFDIR else { return nil }
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw FileFailure.writing(path, errno) }
        return descriptor
    }

    /// What a link says; nil when the path is none.
    private static func link(_ path: String) throws -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { return nil }
        guard let text = String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
            throw FileFailure.writing(path, EILSEQ)
        }
        return text
    }

    private enum Process { case this, another }

    /// Whose open files a directory lists, as `/proc/self/fd` does; nil for any other directory.
    private static func ownerOfOpenFiles(_ folder: String) -> Process? {
        guard let list = real(folder), list.hasPrefix("/proc/"), list.hasSuffix("/fd") else { return nil }
        return real("/proc/self").map { list.hasPrefix($0 + "/") } == true ? .this : .another
    }

    private static func real(_ path: String) -> String? {
        guard let name = realpath(path.isEmpty ? "." : path, nil) else { return nil }
        defer { free(name) }
        return String(cString: name)
    }
}

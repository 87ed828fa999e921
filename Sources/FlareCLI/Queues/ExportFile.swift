import FlareModel
import Glibc

/// A file of lines that has its name only when it is complete, and that a later command can go on with until then.
///
/// A pipe, a device and what is open already, such as `/dev/stdout`, are written to as they are.
struct ExportFile {
    private let path: String
    private let descriptor: Int32
    /// Where the lines are until the file is complete; nil for what is written to as it is.
    let partPath: String?
    /// Whether the lines are the output of the command, which nothing else may stand in.
    let isStdout: Bool
    /// The cursor of the last whole line that was there already.
    let lastCursor: Int64?

    private static func part(_ path: String) -> String { path + ".part" }

    /// Throws `permissionDenied` or `invalidArgument` when no file can be written there, and `fileNotFound` when there
    /// is nothing to go on with.
    init(path: String, resumes: Bool) throws {
        let target = try OutputTarget(path)
        let path = target.path
        self.path = path
        isStdout = target.number == STDOUT_FILENO
        if LocalTree.isDirectory(path) { throw Self.failure(path, EISDIR) }
        if !resumes, let stream = try target.openStream() {
            descriptor = stream
            partPath = nil
            lastCursor = nil
            return
        }
        partPath = Self.part(path)
        descriptor = open(Self.part(path), O_RDWR | O_CLOEXEC | (resumes ? 0 : O_CREAT), 0o666)
        guard descriptor >= 0 else {
            let error = Self.failure(Self.part(path), errno)
            throw error.code == .fileNotFound && resumes
                ? FlareError(.fileNotFound, "there is no \(Self.part(path)) to go on with", hint: "leave --resume out")
                : error
        }
        do {
            try Self.lock(descriptor, Self.part(path))
            if !resumes, ftruncate(descriptor, 0) != 0 { throw Self.failure(Self.part(path), errno) }
            lastCursor = resumes ? try Self.cutAfterLastLine(descriptor, Self.part(path)) : nil
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Keeps two exports from writing to one file.
    ///
    /// The lock goes with the descriptor, after the file has got its name; what has that name by then is nobody's part.
    private static func lock(_ descriptor: Int32, _ path: String) throws {
        // A file system without locks keeps nobody from exporting.
        let isFree = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
        var own = stat()
        var named = stat()
        guard isFree, fstat(descriptor, &own) == 0, stat(path, &named) == 0, own.st_ino == named.st_ino
        else {
            throw FlareError(.inUse, "another export is writing to \(path)", hint: "wait for it, or name another file")
        }
    }

    func write(_ bytes: [UInt8]) throws {
        guard JobLoop.write(bytes[...], to: descriptor) else { throw Self.failure(partPath ?? path, errno) }
    }

    /// Gives the file its name.
    func finish() throws {
        guard fsync(descriptor) == 0 || errno == EINVAL, partPath.map({ rename($0, path) == 0 }) ?? true,
            close(descriptor) == 0
        else { throw Self.failure(path, errno) }
    }

    /// Removes what follows the last line end, the beginning of a line that was being written; returns the cursor of
    /// that line.
    private static func cutAfterLastLine(_ descriptor: Int32, _ path: String) throws -> Int64? {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        // The longest line twice: the last whole one and a part of another.
        let start = max(0, size - 2 * Limits.messageLineBytesMax)
        var bytes = [UInt8](repeating: 0, count: size - start)
        var count = 0
        while count < bytes.count {
            let length = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count, off_t(start + count))
            }
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { throw failure(path, errno) }
            count += length
        }
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard start == 0 || end > 0, ftruncate(descriptor, off_t(start + end)) == 0,
            lseek(descriptor, 0, SEEK_END) >= 0
        else { throw failure(path, errno) }
        guard end > 0 else { return nil }
        let line = bytes[..<(end - 1)].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).last
        guard let cursor = line.flatMap({ cursor(of: Array($0)) }) else {
            throw FlareError(.invalidData, "\(path) is not an export: its last line has no cursor")
        }
        return cursor
    }

    /// The cursor of a line of an export.
    static func cursor(of line: [UInt8]) -> Int64? {
        // Members are sorted, so that it may stand behind a large body; the search is for an exact member all the same.
        guard let member = JSONBytes.members(of: line)?.first(where: { $0.name == "cursor" }) else { return nil }
        return Int64(String(decoding: line[member.value], as: UTF8.self))
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

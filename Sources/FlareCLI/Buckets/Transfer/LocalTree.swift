import FlareModel
import Glibc

/// What tells one state of a file from another: when any of it changes, the bytes may have.
struct FileIdentity: Sendable, Hashable, Codable {
    let device: UInt64
    let inode: UInt64
    let sizeBytes: Int
    let modified: FileTime

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        sizeBytes = Int(status.st_size)
        modified = FileTime(nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}

/// When a file was changed last, in nanoseconds since 1970.
struct FileTime: Sendable, Hashable, Codable {
    /// The name under which it is kept in an object's custom metadata: rclone's.
    static let metadataName = "mtime"

    let nanoseconds: Int64

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads seconds since 1970 with up to nine decimals; nil when the text is none.
    init?(metadata text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = Int64(parts[0]), seconds.magnitude < 8_000_000_000 else { return nil }
        let decimals = parts.count == 2 ? parts[1].prefix(9) : ""
        guard decimals.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let padded = decimals + String(repeating: "0", count: 9 - decimals.utf8.count)
        guard let fraction = Int64(padded) else { return nil }
        nanoseconds = seconds * 1_000_000_000 + (text.hasPrefix("-") ? -fraction : fraction)
    }

    /// Seconds since 1970 with nine decimals.
    var metadata: String {
        let fraction = String(nanoseconds.magnitude % 1_000_000_000)
        let padded = String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
        return "\(nanoseconds < 0 ? "-" : "")\(nanoseconds.magnitude / 1_000_000_000).\(padded)"
    }

    var specification: timespec {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest < 0
            ? timespec(tv_sec: Int(seconds) - 1, tv_nsec: Int(rest) + 1_000_000_000)
            : timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
    }

    /// Whether both are the same within a millisecond, which is what clocks of other stores keep.
    func isNear(_ other: FileTime) -> Bool {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return !overflow && difference.magnitude < 1_000_000
    }
}

/// A regular file below a directory.
struct LocalEntry: Sendable, Hashable {
    /// The path from the directory, with `/` between its parts.
    let relative: String
    let path: String
    let identity: FileIdentity
}

/// The regular files below a directory.
struct LocalTree: Sendable {
    /// In the order of their relative paths' bytes.
    private(set) var entries: [LocalEntry] = []
    /// What the filter means and was passed over by rule: links and what is neither file nor directory.
    private(set) var skipped: [String] = []
    /// The relative paths of all that was passed over, meant or not.
    private var passedOver: Set<String> = []
    /// What could not be read.
    private(set) var failures: [(path: String, error: FlareError)] = []

    private let followsLinks: Bool
    private let filter: ObjectFilter
    /// The directories on the way down, so that a link to one of them ends there.
    private var ancestors: [FileIdentity] = []

    /// Throws when the directory itself cannot be read.
    init(_ root: String, filter: ObjectFilter = ObjectFilter(), followsLinks: Bool = false) throws {
        self.followsLinks = followsLinks
        self.filter = filter
        let names = try Self.names(in: root)
        var status = stat()
        if stat(root, &status) == 0 { ancestors.append(FileIdentity(status)) }
        walk(names, in: root.endsWithSlash ? root : root + "/", relative: "")
        entries.sort { $0.relative.utf8.lexicographicallyPrecedes($1.relative.utf8) }
    }

    /// The entry of one file that was named by itself.
    static func file(_ path: String) throws -> LocalEntry {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileFailure.reading(path, errno) }
        return LocalEntry(relative: path.lastPart, path: path, identity: FileIdentity(status))
    }

    /// The entry of a regular file; nil for a pipe or device.
    static func regularFile(_ path: String) throws -> LocalEntry? {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileFailure.reading(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        return LocalEntry(relative: path.lastPart, path: path, identity: FileIdentity(status))
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private mutating func walk(_ names: [[UInt8]], in directory: String, relative: String) {
        for bytes in names {
            guard let name = String(validating: bytes, as: UTF8.self) else {
                let shown = directory + String(decoding: bytes, as: UTF8.self)
                failures.append((shown, FlareError(.invalidName, "the name of \(shown) is not UTF-8")))
                continue
            }
            // What a download that was interrupted has left.
            if name.beginsWithBytes(PartFile.namePrefix) { continue }
            visit(directory + name, relative: relative + name)
        }
    }

    private mutating func visit(_ path: String, relative: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return fail(path, errno) }
        if status.st_mode & S_IFMT == S_IFLNK {
            // Whatever the filter says of the link's own name, it may mean what lies below it.
            guard followsLinks else { return passOver(relative, "\(path) is a symbolic link") }
            guard stat(path, &status) == 0 else { return failToFollow(path, relative: relative, errno) }
        }
        let identity = FileIdentity(status)
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            guard !ancestors.contains(where: { $0.inode == identity.inode && $0.device == identity.device }) else {
                return passOver(relative, "\(path) leads back to a directory above it")
            }
            do {
                let names = try Self.names(in: path)
                ancestors.append(identity)
                walk(names, in: path + "/", relative: relative + "/")
                ancestors.removeLast()
            } catch {
                failures.append((path, FileFailure.error(error)))
            }
        case S_IFREG:
            if filter.accepts(relative) {
                entries.append(LocalEntry(relative: relative, path: path, identity: identity))
            }
        default:
            passOver(relative, "\(path) is not a regular file")
        }
    }

    private mutating func passOver(_ relative: String, _ reason: String) {
        passedOver.insert(relative)
        if filter.accepts(relative) { skipped.append(reason) }
    }

    /// A link that leads nowhere fails nobody who does not mean it.
    private mutating func failToFollow(_ path: String, relative: String, _ number: Int32) {
        let leadsNowhere = number == ENOENT || number == ELOOP
        guard leadsNowhere, !filter.accepts(relative) else { return fail(path, number) }
        passedOver.insert(relative)
    }

    /// Whether a name is one that was passed over, or lies below it: nobody has looked what is there.
    func passesOver(_ relative: String) -> Bool {
        var name = relative[...]
        while !passedOver.contains(String(name)) {
            guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
            name = name[..<slash]
        }
        return true
    }

    private mutating func fail(_ path: String, _ number: Int32) {
        failures.append((path, FileFailure.reading(path, number)))
    }

    /// The names in a directory but `.` and `..`, in the order of their bytes.
    private static func names(in path: String) throws -> [[UInt8]] {
        guard let directory = opendir(path) else { throw FileFailure.reading(path, errno) }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                guard errno == 0 else { throw FileFailure.reading(path, errno) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [UInt8(ascii: ".")] && name != [UInt8(ascii: "."), UInt8(ascii: ".")] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

/// Errors of the file system, as the commands report them.
enum FileFailure {
    static func reading(_ path: String, _ number: Int32) -> FlareError {
        let code: FlareError.Code =
            switch number {
            case ENOENT: .fileNotFound
            case EACCES, EPERM: .permissionDenied
            default: .invalidArgument
            }
        return FlareError(code, "cannot read \(path): \(String(cString: strerror(number)))")
    }

    static func writing(_ path: String, _ number: Int32) -> FlareError {
        let code: FlareError.Code =
            switch number {
            case ENOSPC, EDQUOT: .diskFull
            case EACCES, EROFS, EPERM: .permissionDenied
            case ENOENT: .fileNotFound
            default: .invalidArgument
            }
        return FlareError(code, "cannot write \(path): \(String(cString: strerror(number)))")
    }

    /// Any error as one that can be reported.
    static func error(_ error: any Error) -> FlareError {
        if let error = error as? FlareError { return error }
        if error is CancellationError { return FlareError(.interrupted, "interrupted") }
        return FlareError(.internalError, "failed: \(error)")
    }
}

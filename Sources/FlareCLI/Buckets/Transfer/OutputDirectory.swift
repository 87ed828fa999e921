import FlareModel
import Glibc

/// A directory that files are written into, held open.
final class OutputDirectory: Sendable {
    let path: String
    let descriptor: Int32

    /// Opens a directory that the user has named, making it and those above it when `creates` says so.
    init(path: String, creates: Bool = false) throws {
        self.path = path.utf8.count > 1 && path.endsWithSlash ? path.withoutLastByte : path
        if creates { try Self.make(path) }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure.writing(path, errno) }
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The place of a file below this directory; the directories on its way are made.
    ///
    /// Never leads out of the directory, whatever the path and whatever links lie in it: throws `invalidName` for a
    /// path that is no plain relative one, and `invalidArgument` when a part of it is there as something else.
    func place(_ relative: String) throws -> OutputPlace {
        let parts = try SafePath.parts(relative)
        var directory = self
        for part in parts.dropLast() { directory = try directory.child(part) }
        return OutputPlace(directory: directory, name: parts[parts.count - 1])
    }

    /// Makes the directory that a key with a final slash stands for.
    func makeDirectory(_ relative: String) throws {
        var directory = self
        for part in try SafePath.parts(relative.withoutLastByte) { directory = try directory.child(part) }
    }

    private func child(_ name: String) throws -> OutputDirectory {
        let below = path == "/" ? "/" + name : path + "/" + name
        let made = mkdirat(descriptor, name, 0o777)
        guard made == 0 || errno == EEXIST else { throw FileFailure.writing(below, errno) }
        let opened = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            guard errno == ENOTDIR || errno == ELOOP else { throw FileFailure.writing(below, errno) }
            throw FlareError(
                .invalidArgument,
                "\(below) is there and not a directory",
                hint: "a symbolic link is not followed; move it away, or choose another directory"
            )
        }
        return OutputDirectory(path: below, descriptor: opened)
    }

    private static func make(_ path: String) throws {
        guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
        let parent = path.withoutLastByte.folderBytes
        guard errno == ENOENT, parent > 1 else { throw FileFailure.writing(path, errno) }
        try make(String(decoding: path.utf8.prefix(parent - 1), as: UTF8.self))
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileFailure.writing(path, errno) }
    }
}

/// Where a file is to lie: an open directory, and a name in it.
struct OutputPlace: Sendable {
    let directory: OutputDirectory
    let name: String

    var path: String {
        switch directory.path {
        case ".": name
        case "/": "/" + name
        default: "\(directory.path)/\(name)"
        }
    }

    /// The place of a file that the user has named; a link there would be replaced, see `OutputTarget`.
    init(path: String) throws {
        guard !path.isEmpty, !path.endsWithSlash else {
            throw FlareError(.invalidArgument, "\"\(path)\" is not the name of a file")
        }
        let folder = path.folderBytes
        name = path.droppingBytes(folder)
        directory = try OutputDirectory(
            path: folder == 0 ? "." : String(decoding: path.utf8.prefix(folder), as: UTF8.self)
        )
    }

    init(directory: OutputDirectory, name: String) {
        self.directory = directory
        self.name = name
    }
}

/// Which keys can be paths of files below a directory.
enum SafePath {
    /// The parts of a relative path; throws `invalidName` for what could lead elsewhere or be no file's name.
    static func parts(_ relative: String) throws -> [String] {
        func refuse(_ reason: String) -> FlareError {
            FlareError(
                .invalidName,
                "\"\(visible(relative))\" cannot be a path below the directory: \(reason)",
                hint: "read it by itself: flare buckets objects get BUCKET KEY --output FILE"
            )
        }
        if relative.isEmpty { throw refuse("it is empty") }
        if relative.utf8.contains(0) { throw refuse("it holds a NUL") }
        if relative.beginsWithSlash { throw refuse("it begins with a slash") }
        let parts = relative.slashParts
        for part in parts {
            if part.isEmpty { throw refuse("it has an empty part") }
            if part.hasBytes(".") || part.hasBytes("..") { throw refuse("it has the part \"\(part)\"") }
            if part.utf8.count > 255 { throw refuse("a part is longer than 255 bytes") }
            if part.beginsWithBytes(PartFile.namePrefix) { throw refuse("\"\(part)\" is a name of flare's own") }
        }
        return parts
    }

    /// A text for a terminal: control characters as `\u{1b}`.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { isControl($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    /// A text on one line that a terminal only shows: line ends and other control characters escaped.
    static func oneLine(_ text: String) -> String {
        guard visible(text) != text else { return text }
        // By scalars, as a CR LF is one character.
        return text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: visible(String(scalar))
            }
        }.joined()
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}

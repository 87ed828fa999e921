import FlareModel
import Glibc

/// A script or program that `flare workflows run` runs.
struct ScriptFile: Sendable {
    /// As it was given.
    let name: String
    let absolutePath: String
    /// Tells whether the file has changed; for nothing else.
    let checksum: String

    /// Whether a word of the command line means a file rather than a workflow: it has a slash, or is the name of an
    /// executable file here.
    ///
    /// Of the latter a workflow with code of a Worker may still have the same name.
    static func isMeant(by word: String) -> Bool {
        word.contains("/") || JobSpawn.isFile(word) && access(word, X_OK) == 0
    }

    init(_ name: String) throws {
        guard access(name, F_OK) == 0 else {
            throw FlareError(.fileNotFound, "there is no file \(name)", hint: "workflows: flare workflows list")
        }
        guard JobSpawn.isFile(name) else { throw FlareError(.invalidArgument, "\(name) is not a regular file") }
        guard access(name, X_OK) == 0 else {
            throw FlareError(.permissionDenied, "\(name) is not executable", hint: "chmod +x \(name)")
        }
        guard let path = realpath(name, nil) else {
            throw FlareError(.fileNotFound, "\(name) cannot be found: \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        self.name = name.contains("/") ? name : "./" + name
        absolutePath = String(cString: path)
        checksum = try Self.checksum(name)
    }

    /// The name of its workflow: that of the file without its ending, other characters made "-".
    ///
    /// Throws when nothing is left.
    func workflowName() throws -> String {
        let file = name.split(separator: "/").last.map(String.init) ?? name
        let stem = file.lastIndex(of: ".").map { $0 == file.startIndex ? file.dropFirst() : file[..<$0] } ?? file[...]
        let bytes = stem.utf8.map { byte in
            NameRule.workflow.holds("a" + String(decoding: [byte], as: UTF8.self)) ? byte : UInt8(ascii: "-")
        }
        let trimmed = String(decoding: bytes.drop { $0 == UInt8(ascii: "-") }.prefix(64), as: UTF8.self)
        guard NameRule.workflow.holds(trimmed) else {
            throw FlareError(.invalidArgument, "\(file) gives no name for a workflow", hint: "give one with --name")
        }
        return trimmed
    }

    /// FNV-1a over the bytes, by its 64-bit constants.
    private static func checksum(_ path: String) throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        // What can be run but not read has no checksum, and is always the same.
        guard file >= 0 else { return "unreadable" }
        defer { close(file) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw FlareError(.fileNotFound, "\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            for byte in buffer[..<count] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        return "fnv1a-" + String(hash, radix: 16)
    }
}

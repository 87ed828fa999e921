import FlareModel
import FoundationEssentials
import Glibc

/// What is known of an upload in parts that was begun: enough to go on with it when the command is given again.
///
/// A small file in the state directory, locked while a command works on it.
final class UploadJournal: Sendable {
    struct Entry: Codable, Sendable, Hashable {
        var uploadID: String
        var bucket: String
        var key: String
        var path: String
        var identity: FileIdentity
        var partBytes: Int
        /// The digest of the metadata that the upload was begun with.
        var metadata: String
    }

    private let path: String
    private let descriptor: Int32

    /// Opens the journal of one file and key; nil when another command is at the same upload.
    init?(_ state: StateDirectory, bucket: String, key: String, file: String) throws {
        let directory = state.transfers
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw FileFailure.writing(directory, errno) }
        let absolute = file.beginsWithSlash ? file : FileManager.default.currentDirectoryPath + "/" + file
        let name = hexadecimalText(MD5.digest(Array("\(bucket)\0\(key)\0\(absolute)".utf8)))
        path = "\(directory)/\(name).json"
        while true {
            let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard opened >= 0 else { throw FileFailure.writing(path, errno) }
            guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
                close(opened)
                return nil
            }
            var held = stat()
            var named = stat()
            // The command before this one may have removed the file between the opening and the lock.
            if fstat(opened, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino {
                descriptor = opened
                return
            }
            close(opened)
        }
    }

    deinit {
        close(descriptor)
    }

    /// What an earlier command has left; nil when that is nothing, or nothing that can be read.
    func entry() -> Entry? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return try? FlareJSON.decode(Entry.self, from: bytes)
    }

    /// Keeps what has been begun.
    func keep(_ entry: Entry) throws {
        let bytes = FlareJSON.encode(entry)
        guard ftruncate(descriptor, 0) == 0,
            bytes.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count
        else { throw FileFailure.writing(path, errno) }
    }

    func remove() {
        unlink(path)
    }
}

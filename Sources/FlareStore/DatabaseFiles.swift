import FlareModel
import Glibc

/// What the files of a database tell before it is opened.
///
/// SQLite takes a log that is gone or cut off for one that ends there, and beside an empty file it removes the log:
/// without a word, committed rows are no more, and what lies in other files for them looks like nobody's.
struct DatabaseFiles {
    /// The database file.
    let path: String

    /// Whether SQLite would begin a new database.
    var areNew: Bool { Self.sizeBytes(of: path) == 0 }

    /// Throws `corruptStore` when committed rows are missing from the log, or would be lost by opening.
    ///
    /// Changes nothing.
    func requireWhole() throws {
        let log = path + "-wal"
        let logBytes = Self.sizeBytes(of: log)
        if areNew, logBytes > 0 {
            throw FlareError(
                .corruptStore,
                "the database \(path) is missing or empty, although there is a log of it",
                hint: "nothing was changed; move flare.db-wal and flare.db-shm away, then restore flare.db"
            )
        }
        guard let index = LogIndex(path: path + "-shm"), index.isAhead(ofLog: log, bytes: logBytes) else { return }
        throw FlareError(
            .corruptStore,
            "committed rows of the database are lost: its log \(log) is missing or cut off",
            hint: "nothing was changed; restore flare.db-wal, or remove flare.db-shm to give up these rows"
        )
    }

    /// 0 for a missing file.
    private static func sizeBytes(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// What the index of the write-ahead log, which outlives a killed engine, says that the log holds.
///
/// https://www.sqlite.org/walformat.html#the_wal_index_file_format
private struct LogIndex {
    private static let version: UInt32 = 3_007_000
    private static let logHeaderBytes = 32
    private static let frameHeaderBytes = 24

    private let pageBytes: Int
    /// Pages that were committed to the log.
    private let frames: Int
    /// How many of them are in the database file.
    private let copied: Int
    /// The same as in the log that the index is about.
    private let salt: ArraySlice<UInt8>

    /// Nil when there is no index, or none that can be relied on.
    init?(path: String) {
        guard let bytes = Self.read(path, at: 0, count: 100), bytes[0..<48] == bytes[48..<96] else { return nil }
        func number(_ position: Int) -> UInt32 {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: UInt32.self) }
        }
        guard number(0) == Self.version, bytes[12] == 1 else { return nil }
        let page = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 14, as: UInt16.self) }
        pageBytes = page == 1 ? 65_536 : Int(page)
        frames = Int(number(16))
        copied = Int(number(96))
        salt = bytes[32..<40]
    }

    /// Whether pages that are nowhere else should be in the log and are not.
    func isAhead(ofLog path: String, bytes: Int) -> Bool {
        guard frames > copied, bytes < Self.logHeaderBytes + frames * (Self.frameHeaderBytes + pageBytes) else {
            return false
        }
        guard bytes >= Self.logHeaderBytes else { return true }
        // A log of another time, as out of a backup, is not what the index is about.
        return Self.read(path, at: 16, count: 8).map { $0[...] == salt } ?? false
    }

    private static func read(_ path: String, at position: Int, count: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(descriptor, &bytes, count, off_t(position)) == count ? bytes : nil
    }
}

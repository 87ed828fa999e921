import FlareModel
import NIOCore
import Synchronization

/// Objects as files: `<directory>/ab/<id>`, where `ab` begins the id; those being written in `<directory>/tmp`.
///
/// A finished object was synced, renamed into place, and its directory synced: after a crash it is whole or absent.
package final class FileObjectStore: ObjectStore {
    private let directory: String
    private let disk: any Disk
    private let room: DiskRoom
    private let threads: BlockingThreads
    /// Directories known to exist, so that most writes need not look.
    private let known = Mutex<Set<String>>([])

    /// Opens the store and removes what an earlier life of the engine left half-written.
    package init(directory: String, disk: any Disk = PosixDisk()) throws {
        self.directory = directory
        self.disk = disk
        room = DiskRoom(directory: directory, disk: disk)
        threads = BlockingThreads(count: Limits.objectThreads)
        let temporary = directory + "/tmp"
        try onDisk { () throws(DiskError) in
            try disk.createDirectory(temporary)
            for name in try disk.list(temporary) { try disk.remove(temporary + "/" + name) }
        }
    }

    package func requireRoom(for bytes: Int, leaving reserve: DiskReserve) throws {
        try room.require(bytes, leaving: reserve)
    }

    package func writer(_ id: String) async throws -> any ObjectWriter {
        try check(id)
        let path = directory + "/tmp/" + id
        let file = try await threads.run { [disk] () throws(DiskError) in try disk.open(path, .replacing) }
        return FileObjectWriter(id: id, temporary: path, file: file, store: self)
    }

    package func read(_ id: String, range: Range<Int>?) async throws -> ObjectBytes {
        try check(id)
        let path = path(id)
        let (file, size) = try await threads.run { [disk] () throws(DiskError) in
            try unlessMissing { () throws(DiskError) in
                let file = try disk.open(path, .reading)
                return (file, try file.sizeBytes())
            }
        }.orThrow(FlareError(.objectNotFound, "the bytes of object \(id) are missing from \(directory)"))
        let range = range ?? 0..<size
        guard range.upperBound <= size else {
            throw FlareError(.corruptStore, "object \(id) has \(size) bytes where \(range.upperBound) were expected")
        }
        return ObjectBytes(range: range) { [threads] position, count in
            let chunk = try await threads.run { () throws(DiskError) in try file.read(at: position, count: count) }
            guard chunk.readableBytes == count else {
                throw FlareError(
                    .corruptStore,
                    "object \(id) ends at \(position + chunk.readableBytes) of \(size) bytes"
                )
            }
            return chunk
        }
    }

    package func delete(_ id: String) async throws {
        try check(id)
        let path = path(id)
        // Not synced: a file that comes back after a power cut is an orphan, which its collection removes.
        try await threads.run { [disk] () throws(DiskError) in
            _ = try unlessMissing { () throws(DiskError) in try disk.remove(path) }
        }
    }

    package func listIDs() async throws -> [String] {
        try await threads.run { [disk, directory] () throws(DiskError) in
            var ids: [String] = []
            for name in try disk.list(directory) where name.utf8.count == 2 {
                ids += try disk.list(directory + "/" + name)
            }
            return ids
        }
    }

    /// On one of the threads: syncs a written file and moves it to its place.
    fileprivate func publish(_ id: String, _ file: any DiskFile, from temporary: String) throws(DiskError) {
        try file.sync()
        let folder = directory + "/" + id.prefix(2)
        if !known.withLock({ $0.contains(folder) }) {
            try disk.createDirectory(folder)
            known.withLock { _ = $0.insert(folder) }
        }
        try disk.rename(temporary, to: path(id))
        try disk.syncDirectory(folder)
    }

    fileprivate func run<Value: Sendable>(
        _ body: @escaping @Sendable (any Disk) throws(DiskError) -> Value
    ) async throws -> Value {
        try await threads.run { [disk] () throws(DiskError) in try body(disk) }
    }

    fileprivate func begin(_ body: @escaping @Sendable () throws(DiskError) -> Void) -> PendingCall {
        threads.begin(body)
    }

    private func path(_ id: String) -> String {
        "\(directory)/\(id.prefix(2))/\(id)"
    }

    /// Ids become file names, so nothing else may pass.
    private func check(_ id: String) throws {
        let isPlain = id.utf8.allSatisfy {
            ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
                || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_")
        }
        guard (3...100).contains(id.utf8.count), isPlain else {
            throw FlareError(.internalError, "\"\(id)\" is not an id of a stored object")
        }
    }
}

/// Gathers pieces, so that each hand-over to a thread writes a whole chunk; the next chunk is gathered while one is
/// written.
private final class FileObjectWriter: ObjectWriter {
    private struct State {
        var gathered = GatheredPieces()
        /// Where the gathered bytes go.
        var position = 0
        var write: PendingCall?

        mutating func takeGathered() -> (GatheredPieces, at: Int) {
            defer { (gathered, position) = (GatheredPieces(), position + gathered.bytes) }
            return (gathered, position)
        }
    }

    private let id: String
    private let temporary: String
    private let file: any DiskFile
    private let store: FileObjectStore
    private let state = Mutex(State())

    init(id: String, temporary: String, file: any DiskFile, store: FileObjectStore) {
        self.id = id
        self.temporary = temporary
        self.file = file
        self.store = store
    }

    func append(_ bytes: ByteBuffer) async throws {
        let isWhole = state.withLock { state in
            state.gathered.append(bytes)
            return state.gathered.bytes >= Limits.objectFileChunkBytes
        }
        guard isWhole else { return }
        try await endWrite()
        let (pieces, position) = state.withLock { $0.takeGathered() }
        let write = store.begin { [file] () throws(DiskError) in
            try file.write(pieces.pieces, at: position)
            // The disk works while the rest is received and hashed; else all of it would, at the end, be waited for.
            file.beginSync(at: position, count: pieces.bytes)
        }
        state.withLock { $0.write = write }
    }

    func finish() async throws {
        try await endWrite()
        let (rest, position) = state.withLock { $0.takeGathered() }
        try await store.run { [self] _ throws(DiskError) in
            if rest.bytes > 0 { try file.write(rest.pieces, at: position) }
            try store.publish(id, file, from: temporary)
        }
    }

    func discard() async {
        // The file goes, whatever has become of its last chunk.
        _ = try? await endWrite()
        // What cannot be removed now is removed when the store is next opened.
        _ = try? await store.run { [temporary] disk throws(DiskError) in try disk.remove(temporary) }
        // It has its name by now when that alone could not be made durable.
        try? await store.delete(id)
    }

    /// Waits until what was handed over is written; throws when that failed.
    private func endWrite() async throws {
        let write = state.withLock { state in
            defer { state.write = nil }
            return state.write
        }
        try await write?.wait()
    }
}

/// Pieces that are written together: large ones as they came, small ones copied behind each other, since each may
/// keep a whole buffer in memory.
private struct GatheredPieces: Sendable {
    private static let copiedBytesMax = 16_384

    private(set) var pieces: [ByteBuffer] = []
    private(set) var bytes = 0
    /// Whether the last piece is a buffer of our own.
    private var endsWithCopies = false

    mutating func append(_ piece: ByteBuffer) {
        bytes += piece.readableBytes
        if piece.readableBytes > Self.copiedBytesMax {
            pieces.append(piece)
            endsWithCopies = false
        } else if endsWithCopies {
            pieces[pieces.count - 1].writeImmutableBuffer(piece)
        } else {
            pieces.append(ByteBuffer(bytes: piece.readableBytesView))
            endsWithCopies = true
        }
    }
}

extension Optional {
    /// The value, or the error that its absence means.
    fileprivate func orThrow(_ error: FlareError) throws -> Wrapped {
        guard let self else { throw error }
        return self
    }
}

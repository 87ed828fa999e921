import Glibc
import NIOCore
import Synchronization

/// A disk in memory that fails where a test says so, fills up, and loses power.
///
/// Files behave as on a real disk: what was written but not synced, and names whose directory was not synced, are gone
/// after a power cut.
package final class FaultyDisk: Disk {
    private let state: Mutex<MemoryDisk>
    private let announced = Mutex(Int.max)
    /// Kinds of calls that hang at present.
    private let held = Monitor<Set<DiskOperation>>([])

    /// - Parameter capacityBytes: when files together would become larger, writes fail with ENOSPC.
    package init(capacityBytes: Int = .max) {
        state = Mutex(MemoryDisk(capacityBytes: capacityBytes))
    }

    // MARK: Faults

    /// Lets calls of one kind fail: the first `count` pass, the next `times` fail.
    ///
    /// - Parameter path: only calls on paths that contain this text.
    package func fail(
        _ operation: DiskOperation,
        after count: Int = 0,
        times: Int = .max,
        number: Int32,
        path: String = ""
    ) {
        state.withLock {
            $0.faults.append(
                MemoryDisk.Fault(operation: operation, passes: count, times: times, number: number, path: path)
            )
        }
    }

    /// Lets nothing fail any more.
    package func heal() {
        state.withLock { $0.faults = [] }
    }

    /// Lets calls of one kind on open files hang until `release`, as a very slow disk does.
    package func hold(_ operation: DiskOperation) {
        held.withLock { _ = $0.insert(operation) }
    }

    /// Lets held calls go on.
    package func release() {
        held.withLock { $0 = [] }
        held.notifyAll()
    }

    /// How much room the disk has for files; less than they take now is allowed.
    package var capacityBytes: Int {
        get { state.withLock { $0.capacityBytes } }
        set { state.withLock { $0.capacityBytes = newValue } }
    }

    /// What the disk says is free; it holds nobody back.
    package var announcedFreeBytes: Int {
        get { announced.withLock { $0 } }
        set { announced.withLock { $0 = newValue } }
    }

    package func freeBytes(_ directory: String) throws(DiskError) -> Int { announcedFreeBytes }

    /// Bytes of all files together.
    package var usedBytes: Int { state.withLock { $0.usedBytes } }

    /// How many calls of a kind there were.
    package func count(of operation: DiskOperation) -> Int {
        state.withLock { $0.counts[operation] ?? 0 }
    }

    /// The end of the process that uses the disk: its open files fail from now on, but all it wrote is kept.
    package func killProcess() {
        state.withLock { $0.life += 1 }
    }

    /// A power cut: as `killProcess`, and what was not synced is gone.
    ///
    /// Each sector of 512 bytes that was written but not synced is kept when `keepsSector` says so, which is asked once
    /// for each in order: real disks write in any order.
    package func losePower(keepsSector: () -> Bool = { false }) {
        state.withLock { $0.losePower(keepsSector) }
    }

    /// The bytes of a file; nil when there is none.
    package func contents(_ path: String) -> [UInt8]? {
        state.withLock { $0.contents(path) }
    }

    /// Replaces the bytes of a file, as damage does: durable at once.
    package func overwrite(_ path: String, with bytes: [UInt8]) {
        state.withLock { $0.overwrite(path, with: bytes) }
    }

    // MARK: Disk

    package func createDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.check(.createDirectory, path)
            state.directories.insert(path)
        }
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        try state.withLock { state throws(DiskError) in
            try state.check(.open, path)
            return FaultyFile(id: try state.open(path, mode), life: state.life, path: path, disk: self)
        }
    }

    package func rename(_ path: String, to target: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.check(.rename, path)
            guard let file = state.names.removeValue(forKey: path) else { throw DiskError("rename", path, ENOENT) }
            state.names[target] = file
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.check(.remove, path)
            guard state.names.removeValue(forKey: path) != nil else { throw DiskError("unlink", path, ENOENT) }
        }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.directories.remove(path) != nil else { throw DiskError("rmdir", path, ENOENT) }
        }
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        try state.withLock { state throws(DiskError) in
            try state.check(.list, directory)
            return state.list(directory)
        }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try state.check(.syncDirectory, path)
            state.syncDirectory(path)
        }
    }

    fileprivate func onFile<Value: Sendable>(
        _ operation: DiskOperation,
        _ file: FaultyFile,
        _ body: (inout MemoryDisk) throws(DiskError) -> Value
    ) throws(DiskError) -> Value {
        held.wait { $0.contains(operation) ? nil : () }
        return try state.withLock { state throws(DiskError) in
            guard state.life == file.life else { throw DiskError("\(operation)", file.path, EIO) }
            try state.check(operation, file.path)
            return try body(&state)
        }
    }
}

/// The calls that can be made to fail.
package enum DiskOperation: Sendable, CaseIterable {
    case createDirectory, open, rename, remove, list, syncDirectory, write, read, beginSync, sync
}

/// An open file of the memory disk.
///
/// It goes with the life of the process that opened it.
private final class FaultyFile: DiskFile {
    let id: Int
    let life: Int
    let path: String
    private let disk: FaultyDisk

    init(id: Int, life: Int, path: String, disk: FaultyDisk) {
        self.id = id
        self.life = life
        self.path = path
        self.disk = disk
    }

    func write(_ parts: [ByteBuffer], at position: Int) throws(DiskError) {
        try disk.onFile(.write, self) { disk throws(DiskError) in
            var position = position
            for part in parts {
                let bytes = Array(part.readableBytesView)
                // As a real disk, it writes what still fits.
                let room = disk.room(for: bytes.count, at: position, in: id)
                disk.write(bytes.prefix(room), at: position, in: id)
                guard room == bytes.count else { throw DiskError("pwritev", path, ENOSPC) }
                position += bytes.count
            }
        }
    }

    func read(at position: Int, count: Int) throws(DiskError) -> ByteBuffer {
        try disk.onFile(.read, self) { disk throws(DiskError) in
            let bytes = disk.files[id]?.bytes ?? []
            let start = min(position, bytes.count)
            return ByteBuffer(bytes: bytes[start..<min(bytes.count, start + count)])
        }
    }

    /// Counts alone: of what was begun a power cut may leave as little as of what was not.
    func beginSync(at position: Int, count: Int) {
        try? disk.onFile(.beginSync, self) { _ throws(DiskError) in }
    }

    func sync() throws(DiskError) {
        try disk.onFile(.sync, self) { disk throws(DiskError) in disk.sync(id) }
    }

    func sizeBytes() throws(DiskError) -> Int {
        try disk.onFile(.read, self) { disk throws(DiskError) in disk.files[id]?.bytes.count ?? 0 }
    }
}

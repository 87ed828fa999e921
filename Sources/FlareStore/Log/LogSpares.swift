import FlareModel
import Glibc
import NIOCore
import Synchronization

/// Files of a log that are ready to become segments: zero-filled ahead of need, or full ones that were consumed.
///
/// Overwriting such a file needs no change of the file system's own structures, so a sync takes half the time.
final class LogSpares: Sendable {
    struct Spare: Sendable {
        let name: String
        let sizeBytes: Int
        let file: any DiskFile
    }

    static let readyPrefix = "spare-"
    static let unfinishedPrefix = "unfinished-"

    private struct State: Sendable {
        var ready: [Spare] = []
        var nextID = 0
        /// The thread that fills a file now, or that has filled the last one.
        var thread: SystemThread?
        var isFilling = false
        var isClosed = false
    }

    private let directory: String
    private let disk: any Disk
    /// Segments of another size are deleted, not kept.
    private let segmentBytes: Int
    private let state = Mutex(State())

    /// Takes over the spares that an earlier life left; too many and unusable ones are deleted.
    init(directory: String, disk: any Disk, segmentBytes: Int, names: [String]) throws(DiskError) {
        self.directory = directory
        self.disk = disk
        self.segmentBytes = segmentBytes
        for name in names {
            let file = try disk.open(directory + "/" + name, .updating)
            let spare = Spare(name: name, sizeBytes: try file.sizeBytes(), file: file)
            let isKept = state.withLock { state in
                let number = Int(name.dropFirst(Self.readyPrefix.count)) ?? 0
                state.nextID = max(state.nextID, number + 1)
                guard state.ready.count < Limits.logSpareSegmentsMax else { return false }
                state.ready.append(spare)
                return true
            }
            if !isKept { try disk.remove(directory + "/" + name) }
        }
    }

    /// Hands out a spare that holds at least so many bytes, the largest first; nil when there is none.
    func take(atLeast sizeBytes: Int) -> Spare? {
        state.withLock { state in
            guard let index = state.ready.indices.max(by: { state.ready[$0].sizeBytes < state.ready[$1].sizeBytes }),
                state.ready[index].sizeBytes >= sizeBytes
            else { return nil }
            return state.ready.remove(at: index)
        }
    }

    func putBack(_ spare: Spare) {
        state.withLock { $0.ready.append(spare) }
    }

    /// Has a file of this size filled in the background, unless a large enough one is ready or one is being filled.
    func prepare(sizeBytes: Int) {
        state.withLock { state in
            if state.isClosed || state.isFilling || state.ready.contains(where: { $0.sizeBytes >= sizeBytes }) {
                return
            }
            state.thread?.join()
            state.isFilling = true
            let id = state.nextID
            state.nextID += 1
            state.thread = SystemThread { self.fill(id, sizeBytes) }
        }
    }

    /// Keeps the file of a segment whose records are no longer needed, or deletes it.
    ///
    /// Durable on return.
    func recycle(_ fileName: String) throws(DiskError) {
        let path = directory + "/" + fileName
        let file = try disk.open(path, .updating)
        let size = try file.sizeBytes()
        let id = state.withLock { state -> Int? in
            guard size == segmentBytes, state.ready.count < Limits.logSpareSegmentsMax else { return nil }
            state.nextID += 1
            return state.nextID - 1
        }
        guard let id else {
            try disk.remove(path)
            return try disk.syncDirectory(directory)
        }
        let name = Self.readyPrefix + String(id)
        try disk.rename(path, to: directory + "/" + name)
        // One name at a time, oldest first: a crash must not bring back an older segment without its successor.
        try disk.syncDirectory(directory)
        putBack(Spare(name: name, sizeBytes: size, file: file))
    }

    /// Waits for the file that is being filled.
    ///
    /// Nothing is prepared any more.
    func close() {
        let thread = state.withLock { state in
            state.isClosed = true
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    /// On its own thread.
    ///
    /// A failure leaves no spare: the log goes on without one, and tries again at its next segment.
    private func fill(_ id: Int, _ sizeBytes: Int) {
        let unfinished = "\(directory)/\(Self.unfinishedPrefix)\(id)"
        let name = Self.readyPrefix + String(id)
        var spare: Spare?
        do {
            // A file filled ahead of need takes nothing of the reserve.
            guard try disk.freeBytes(directory) - sizeBytes >= DiskReserve.accepting.bytes else {
                throw DiskError("statvfs", directory, ENOSPC)
            }
            let file = try disk.open(unfinished, .replacing)
            // In pieces, each synced, so that the syncs of the log never queue behind many megabytes.
            let zeros = ByteBuffer(repeating: 0, count: min(sizeBytes, 1_048_576))
            var position = 0
            while position < sizeBytes, !state.withLock({ $0.isClosed }) {
                let count = min(zeros.readableBytes, sizeBytes - position)
                try file.write([zeros.getSlice(at: 0, length: count) ?? zeros], at: position)
                try file.sync()
                position += count
            }
            if position == sizeBytes {
                try disk.rename(unfinished, to: directory + "/" + name)
                spare = Spare(name: name, sizeBytes: sizeBytes, file: file)
            }
        } catch {
            // Most likely the disk is full: give back what was taken. What stays is removed when the log is opened.
            _ = try? disk.remove(unfinished)
        }
        state.withLock { state in
            state.isFilling = false
            if let spare { state.ready.append(spare) }
        }
    }
}

package import FlareModel
package import NIOCore
import Synchronization

/// An append-only log of batches of records, in files of one directory.
///
/// What is answered with an offset survives a crash.
///
/// Records are numbered from 0 on. One thread writes all appends that wait with one write and one sync, and then wakes
/// each event loop once. Segments whose records were consumed are used again, so that a steady log never grows a file.
package final class SegmentLog: Sendable {
    private let directory: String
    private let disk: any Disk
    private let appender: LogAppender
    private let reader: LogReader
    private let spares: LogSpares
    private let thread: LogThread

    /// Opens or creates a log; found frames are kept up to the last whole one.
    ///
    /// A new log writes nothing but its directory: its first segment is filled in the background, and records that come
    /// before it is ready go to a file that grows.
    ///
    /// - Parameters:
    ///   - directory: made when missing; nothing else may write there.
    ///   - segmentBytes: the size of a full segment. The first ones are smaller.
    ///   - waitingBytesMax: payload bytes that may wait for the disk; see `Limits.logWaitingBytesMax`.
    ///
    /// Throws `corruptStore` when durable bytes were damaged, and leaves everything as it was then.
    package init(
        directory: String,
        disk: any Disk = PosixDisk(),
        segmentBytes: Int = Limits.logSegmentBytes,
        waitingBytesMax: Int = Limits.logWaitingBytesMax
    ) throws {
        self.directory = directory
        self.disk = disk
        try onDisk { () throws(DiskError) in try disk.createDirectory(directory) }
        let recovery = try LogRecovery(directory: directory, disk: disk)
        spares = try onDisk { () throws(DiskError) in
            try LogSpares(directory: directory, disk: disk, segmentBytes: segmentBytes, names: recovery.spares)
        }
        reader = LogReader(directory: directory, disk: disk)
        appender = LogAppender(segments: recovery.segments, waitingBytesMax: waitingBytesMax)
        let tail = LogTail(recovery, directory: directory, disk: disk, spares: spares, segmentBytes: segmentBytes)
        thread = LogThread { [appender] in appender.run(tail) }
    }

    deinit {
        close()
    }

    /// Appends a batch of records.
    ///
    /// `done` is called on the event loop, with the offset of the first record once all are durable, or with why they
    /// are not: `tooManyRequests`, `diskFull`, or `storeFailed` when the log has stopped.
    ///
    /// Batches from one event loop get offsets in the order of the calls. `recordCount` is at least 1.
    package func append(
        _ payload: ByteBuffer,
        recordCount: Int,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<Int64, FlareError>) -> Void
    ) {
        appender.enqueue(CollectionOfOne(pending(payload, recordCount, .onLoop(eventLoop, done))))
    }

    /// Appends batches of records that belong together: they follow each other in the log, and `tooManyRequests`
    /// refuses
    /// all of them or none.
    ///
    /// `done` is called for each, as above. A disk that fails between them may have kept the first ones.
    package func append(
        _ batches: some Collection<(payload: ByteBuffer, recordCount: Int)>,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<Int64, FlareError>) -> Void
    ) {
        appender.enqueue(batches.map { pending($0.payload, $0.recordCount, .onLoop(eventLoop, done)) })
    }

    /// Appends a batch of records; returns the offset of the first one when all are durable.
    package func append(_ payload: ByteBuffer, recordCount: Int) async throws -> Int64 {
        let result = await withCheckedContinuation { continuation in
            let append = pending(payload, recordCount, .direct { continuation.resume(returning: $0) })
            appender.enqueue(CollectionOfOne(append))
        }
        return try result.get()
    }

    /// The oldest offset that can still be read; equal to `endOffset` in an empty log.
    package var startOffset: Int64 { appender.segments.withLock { $0.startOffset } }

    /// The offset that the next append will have.
    ///
    /// All records below it are durable.
    package var endOffset: Int64 { appender.segments.withLock { $0.endOffset } }

    /// Payload bytes that wait for the disk in memory.
    package var unflushedBytes: Int { appender.waitingBytes }

    /// Durable frames in order, beginning with the one that holds `offset`; none when it is `endOffset` or more.
    ///
    /// About `bytesMax` bytes, but at least one frame. A reader that goes on where it stopped costs one read of a file
    /// in each call; the call blocks on the disk only where the bytes are not in the system's cache.
    /// Throws `invalidArgument` when the offset was recycled, `corruptStore` when the bytes are damaged.
    package func frames(from offset: Int64, bytesMax: Int) throws -> [LogFrame] {
        let (segment, start) = appender.segments.withLock { ($0.segment(holding: offset), $0.startOffset) }
        guard offset >= start else { throw recycled(offset) }
        guard let segment else { return [] }
        do {
            return try reader.frames(of: segment, from: offset, bytesMax: bytesMax)
        } catch {
            // The segment may have got another content while it was being read.
            guard appender.segments.withLock({ $0.isLive(segment.number) }) else { throw recycled(offset) }
            throw error
        }
    }

    /// Has an action called after each sync, from the log's thread: to wake who reads.
    ///
    /// It must be short.
    package func onDurable(_ action: @escaping @Sendable () -> Void) {
        appender.onDurable(action)
    }

    /// Gives up the records below an offset, as far as they fill whole segments; the files are used again.
    ///
    /// Cheap unless a segment has become free, which costs a rename and a sync of the directory. A file that cannot be
    /// renamed stays, and is tried again by the next call. Calls must not overlap.
    package func recycle(below offset: Int64) {
        while true {
            let segment = appender.segments.withLock { segments -> LogSegment? in
                guard segments.live.count > 1, segments.live[0].endOffset <= offset else { return nil }
                return segments.live.removeFirst()
            }
            guard let segment else { return }
            reader.forget(segment.number)
            do {
                try spares.recycle(segment.fileName)
            } catch {
                if !error.isMissing { appender.segments.withLock { $0.live.insert(segment, at: 0) } }
                return
            }
        }
    }

    /// Writes what waits, marks the end, and stops the thread.
    ///
    /// Later appends fail. Blocks until all that is done.
    package func close() {
        appender.close()
        thread.join()
        spares.close()
    }

    /// Deletes a closed log with all its records.
    package static func remove(directory: String, disk: any Disk = PosixDisk()) throws {
        try onDisk { () throws(DiskError) in
            for name in try disk.list(directory) { try disk.remove(directory + "/" + name) }
            _ = try unlessMissing { () throws(DiskError) in try disk.removeDirectory(directory) }
        }
    }

    private func pending(_ payload: ByteBuffer, _ recordCount: Int, _ answer: PendingAppend.Answer) -> PendingAppend {
        precondition(recordCount > 0, "a batch of no records cannot be appended")
        precondition(payload.readableBytes <= UInt32.max / 2, "a batch of more than 2 GiB cannot be appended")
        // Here, on the producer's thread, so that the one thread of the log need not touch every byte.
        let sum = checksum(of: payload, at: payload.readerIndex, count: payload.readableBytes)
        return PendingAppend(payload: payload, checksum: sum, recordCount: recordCount, answer: answer)
    }

    private func recycled(_ offset: Int64) -> FlareError {
        FlareError(
            .invalidArgument,
            "the records at offset \(offset) were consumed and are no longer kept in \(directory)"
        )
    }
}

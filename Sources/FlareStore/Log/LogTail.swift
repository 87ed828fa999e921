import FlareModel
import NIOCore

/// The end of a log, where frames are added.
///
/// Used by the appender's thread alone.
struct LogTail: Sendable {
    enum Failure: Error {
        /// Nothing was kept and the log goes on: the disk is full, or the system refuses a file.
        case refused(FlareError)
        /// What the disk holds is no longer known: the log must be opened anew.
        case broken(FlareError)
    }

    private struct Active: Sendable {
        var file: any DiskFile
        var position: Int
        /// How far the segment may be filled.
        var sizeBytes: Int
    }

    private(set) var segment: LogSegment?
    private var active: Active?
    private var nextOffset: Int64
    private var lastNumber: UInt64
    private var life: UInt32
    private var headers = ByteBuffer()
    private let directory: String
    private let disk: any Disk
    private let spares: LogSpares
    private let segmentBytes: Int

    init(_ recovery: LogRecovery, directory: String, disk: any Disk, spares: LogSpares, segmentBytes: Int) {
        segment = recovery.segments.live.last
        active = recovery.tail.map { Active(file: $0.file, position: $0.position, sizeBytes: $0.sizeBytes) }
        nextOffset = recovery.segments.endOffset
        lastNumber = segment?.number ?? 0
        life = recovery.life
        self.directory = directory
        self.disk = disk
        self.spares = spares
        self.segmentBytes = segmentBytes
        spares.prepare(sizeBytes: nextSegmentBytes)
    }

    /// Writes from the front as many payloads as fit in one segment and one group; durable on return.
    ///
    /// Returns how many. `segment` then tells where the log ends.
    mutating func write(_ appends: ArraySlice<PendingAppend>) throws(Failure) -> Int {
        guard let first = appends.first else { return 0 }
        let needed = FrameHeader.byteCount + first.payload.readableBytes
        if active.map({ $0.sizeBytes - $0.position < needed }) ?? true { try openSegment(needed) }
        guard var active, var segment else { return 0 }

        let (count, parts, bytes, records) = frames(appends, in: active)
        do {
            try active.file.write(parts, at: active.position)
        } catch {
            guard error.isFull else { throw .broken(stopped(error)) }
            rollBack(active)
            throw .refused(error.flareError)
        }
        do { try active.file.sync() } catch { throw .broken(stopped(error)) }

        active.position += bytes
        nextOffset += Int64(records)
        segment.endOffset = nextOffset
        segment.endPosition = active.position
        self.active = active
        self.segment = segment
        return count
    }

    /// Marks that the log ends here, so that damage to its last frames is known as such when it is opened again.
    mutating func writeClosingFrame() throws(DiskError) {
        guard var active, let segment, active.position > 0, active.sizeBytes - active.position >= FrameHeader.byteCount
        else { return }
        var bytes = ByteBuffer()
        header(payload: nil, .closed, segment.number, active, at: nextOffset).write(to: &bytes)
        try active.file.write([bytes], at: active.position)
        try active.file.sync()
        active.position += FrameHeader.byteCount
        self.active = active
    }

    /// The parts to write: a header and a payload for each append that still fits.
    private mutating func frames(
        _ appends: ArraySlice<PendingAppend>,
        in active: Active
    ) -> (count: Int, parts: [ByteBuffer], bytes: Int, records: Int) {
        var parts: [ByteBuffer] = []
        parts.reserveCapacity(appends.count * 2)
        headers.clear()
        var count = 0
        var bytes = 0
        var records = 0
        for append in appends {
            let frameBytes = FrameHeader.byteCount + append.payload.readableBytes
            let isFirst = count == 0
            guard active.position + bytes + frameBytes <= active.sizeBytes,
                isFirst || bytes + frameBytes <= Limits.logGroupBytesMax
            else { break }
            let offset = nextOffset + Int64(records)
            header(payload: append, .records, lastNumber, active, at: offset).write(to: &headers)
            parts.append(ByteBuffer())
            parts.append(append.payload)
            count += 1
            bytes += frameBytes
            records += append.recordCount
        }
        // Only now, since a slice taken earlier would have made the next header copy the buffer.
        for index in 0..<count {
            parts[index * 2] =
                headers.getSlice(at: index * FrameHeader.byteCount, length: FrameHeader.byteCount) ?? headers
        }
        return (count, parts, bytes, records)
    }

    private func header(
        payload append: PendingAppend?,
        _ kind: FrameHeader.Kind,
        _ number: UInt64,
        _ active: Active,
        at offset: Int64
    ) -> FrameHeader {
        FrameHeader(
            payloadChecksum: append?.checksum ?? 0,
            segment: number,
            firstOffset: offset,
            payloadBytes: append?.payload.readableBytes ?? 0,
            recordCount: append?.recordCount ?? 0,
            groupStart: active.position,
            life: life,
            kind: kind
        )
    }

    /// After a write that found no room: what it left lies beyond the end, and a raised life tells it from new frames.
    private mutating func rollBack(_ active: Active) {
        life += 1
        let zeros = ByteBuffer(repeating: 0, count: FrameHeader.byteCount)
        // A refused append must not come back after a crash. Where even this finds no room, no header was written.
        _ = try? active.file.write([zeros], at: active.position)
    }

    /// Eight times the last one until the full size: a small log takes little room, a large one is soon at full speed.
    private var nextSegmentBytes: Int {
        guard let active else { return min(segmentBytes, Limits.logFirstSegmentBytes) }
        return min(segmentBytes, max(Limits.logFirstSegmentBytes, active.sizeBytes * 8))
    }

    /// Goes on in a new file, made of a spare one where there is one; otherwise in one that grows as it is written.
    ///
    /// A frame larger than a segment gets a file of its own size.
    private mutating func openSegment(_ neededBytes: Int) throws(Failure) {
        let next = LogSegment(number: lastNumber + 1, firstOffset: nextOffset)
        let path = directory + "/" + next.fileName
        do { active = try nextFile(path, neededBytes) } catch { throw .refused(error.flareError) }
        segment = next
        lastNumber = next.number
        // The name must survive before any record in the file is called durable.
        do { try disk.syncDirectory(directory) } catch { throw .broken(stopped(error)) }
        spares.prepare(sizeBytes: nextSegmentBytes)
    }

    private func nextFile(_ path: String, _ neededBytes: Int) throws(DiskError) -> Active {
        guard let spare = spares.take(atLeast: neededBytes) else {
            let file = try disk.open(path, .replacing)
            return Active(file: file, position: 0, sizeBytes: max(neededBytes, nextSegmentBytes))
        }
        do {
            try disk.rename(directory + "/" + spare.name, to: path)
        } catch {
            spares.putBack(spare)
            throw error
        }
        return Active(file: spare.file, position: 0, sizeBytes: spare.sizeBytes)
    }

    private func stopped(_ error: DiskError) -> FlareError {
        FlareError(
            .storeFailed,
            "the log in \(directory) has stopped, since what the disk holds is not known: \(error.flareError.message)",
            hint: "check the disk, then: flare engine restart",
            cause: error
        )
    }
}

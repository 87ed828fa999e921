import FlareModel
import NIOCore
import Synchronization

/// Reads durable frames.
///
/// Remembers where sequential readers stand, so that each goes on with a single read of the file.
final class LogReader: Sendable {
    /// A place between two frames.
    private struct Place: Sendable {
        var segment: UInt64
        var file: any DiskFile
        var position: Int
        /// The offset of the first record after the place.
        var offset: Int64
    }

    private let directory: String
    private let disk: any Disk
    private let places = Mutex<[Place]>([])

    init(directory: String, disk: any Disk) {
        self.directory = directory
        self.disk = disk
    }

    /// Frames of one segment, beginning with the one that holds `offset`: about `bytesMax` bytes, but at least one.
    func frames(of segment: LogSegment, from offset: Int64, bytesMax: Int) throws -> [LogFrame] {
        var place = try takePlace(in: segment, at: offset)
        var frames: [LogFrame] = []
        var bytesWanted = max(bytesMax, FrameHeader.byteCount)
        while frames.isEmpty {
            let limit = try segment.endPosition ?? onDisk { () throws(DiskError) in try place.file.sizeBytes() }
            let count = min(bytesWanted, limit - place.position)
            let chunk = try onDisk { () throws(DiskError) in try place.file.read(at: place.position, count: count) }
            let needed = try parse(chunk, of: segment, from: offset, &place, &frames)
            // The first frame is longer than what was asked for: read it whole.
            bytesWanted = max(bytesWanted, needed)
            guard !frames.isEmpty || needed <= limit - place.position else {
                throw damage(segment, "the file ends within the frame at \(place.position)")
            }
        }
        putBack(place)
        return frames
    }

    /// Forgets places in segments that are about to get another content.
    func forget(_ number: UInt64) {
        places.withLock { $0.removeAll { $0.segment == number } }
    }

    /// Takes the whole frames out of a chunk and moves the place past them.
    ///
    /// Returns how many bytes the frame needs that begins at the place then, as far as that can be known.
    private func parse(
        _ chunk: ByteBuffer,
        of segment: LogSegment,
        from offset: Int64,
        _ place: inout Place,
        _ frames: inout [LogFrame]
    ) throws -> Int {
        var index = 0
        defer { place.position += index }
        while place.offset < segment.endOffset {
            guard index + FrameHeader.byteCount <= chunk.writerIndex else { return FrameHeader.byteCount }
            guard let header = FrameHeader(in: chunk, at: index, segment: segment.number),
                header.firstOffset == place.offset
            else { throw damage(segment, "no frame begins at byte \(place.position + index)") }
            guard index + header.frameBytes <= chunk.writerIndex else { return header.frameBytes }
            guard header.matches(payloadIn: chunk, at: index + FrameHeader.byteCount),
                let payload = chunk.getSlice(at: index + FrameHeader.byteCount, length: header.payloadBytes)
            else { throw damage(segment, "the frame at \(place.position + index) was changed") }
            if header.kind == .records, header.endOffset > offset {
                frames.append(
                    LogFrame(firstOffset: header.firstOffset, recordCount: header.recordCount, payload: payload)
                )
            }
            index += header.frameBytes
            place.offset = header.endOffset
        }
        return 0
    }

    /// The nearest remembered place at or before an offset, or the segment's beginning.
    private func takePlace(in segment: LogSegment, at offset: Int64) throws -> Place {
        let found = places.withLock { places -> Place? in
            let usable = places.indices.filter { places[$0].segment == segment.number && places[$0].offset <= offset }
            guard let index = usable.max(by: { places[$0].offset < places[$1].offset }) else { return nil }
            return places.remove(at: index)
        }
        if let found { return found }
        let path = directory + "/" + segment.fileName
        let file = try onDisk { () throws(DiskError) in try disk.open(path, .reading) }
        return Place(segment: segment.number, file: file, position: 0, offset: segment.firstOffset)
    }

    private func putBack(_ place: Place) {
        places.withLock { places in
            places.append(place)
            if places.count > Limits.logReadersMax { places.removeFirst() }
        }
    }

    private func damage(_ segment: LogSegment, _ what: String) -> FlareError {
        corruptLog("\(directory)/\(segment.fileName)", what)
    }
}

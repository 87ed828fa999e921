import FlareModel
import Glibc
import NIOCore

/// What is found in a log's directory when it is opened.
struct LogRecovery {
    var segments = LogSegments()
    /// The file of the last segment with the place to go on at; nil when the log has no segment yet.
    var tail: (file: any DiskFile, position: Int, sizeBytes: Int)?
    /// The life that new frames get.
    var life: UInt32 = 1
    /// Zero-filled or used files, ready to become segments.
    var spares: [String] = []

    private let directory: String
    private let disk: any Disk

    /// Reads the directory, and the last segment to its last whole frame.
    ///
    /// Damage before the end throws `corruptStore` and changes nothing. Damage in older segments is found when they
    /// are read, since each frame carries its checksum; reading all of a long log here would delay the start.
    init(directory: String, disk: any Disk) throws {
        self.directory = directory
        self.disk = disk
        for name in try onDisk({ () throws(DiskError) in try disk.list(directory) }) {
            if let segment = LogSegment(fileName: name) {
                segments.live.append(segment)
            } else if name.hasPrefix(LogSpares.readyPrefix) {
                spares.append(name)
            } else if name.hasPrefix(LogSpares.unfinishedPrefix) {
                try onDisk { () throws(DiskError) in try disk.remove(directory + "/" + name) }
            }
        }
        segments.live.sort { $0.number < $1.number }
        try linkSegments()
        try readTail()
    }

    /// Each segment ends where the next begins, and none is missing.
    private mutating func linkSegments() throws {
        for index in segments.live.indices.dropLast() {
            let next = segments.live[index + 1]
            guard next.number == segments.live[index].number + 1, next.firstOffset >= segments.live[index].firstOffset
            else {
                throw damage(segments.live[index].fileName, "the segment that follows it is missing")
            }
            segments.live[index].endOffset = next.firstOffset
            segments.live[index].endPosition = nil
        }
    }

    private mutating func readTail() throws {
        guard var last = segments.live.popLast() else { return }
        let path = directory + "/" + last.fileName
        let (file, bytes) = try onDisk { () throws(DiskError) in
            let file = try disk.open(path, .updating)
            return (file, try file.read(at: 0, count: try file.sizeBytes()))
        }
        let scan = TailScan(bytes, of: last)
        if scan.provesDamage {
            throw damage(last.fileName, "bytes at \(scan.position), before its end, are not what was written")
        }
        // A killed engine may have written without syncing: what is trusted from here on must be durable first.
        try onDisk { () throws(DiskError) in
            try file.sync()
            try disk.syncDirectory(directory)
        }
        last.endOffset = scan.endOffset
        last.endPosition = scan.position
        life = scan.life + 1
        tail = (file, scan.position, bytes.readableBytes)
        segments.live.append(last)
        segments.endOffset = last.endOffset
    }

    private func damage(_ name: String, _ what: String) -> FlareError {
        corruptLog("\(directory)/\(name)", what)
    }
}

/// The last whole frame of a segment, and whether what follows it proves that a durable frame was damaged.
struct TailScan {
    /// Where the next frame goes.
    private(set) var position = 0
    private(set) var endOffset: Int64
    /// The highest life of any frame, within the log or beyond its end.
    private(set) var life: UInt32 = 0
    /// A frame beyond the end says that more than what is whole had been durable when it was written.
    private(set) var provesDamage = false

    init(_ bytes: ByteBuffer, of segment: LogSegment) {
        endOffset = segment.firstOffset
        while let header = FrameHeader(in: bytes, at: position, segment: segment.number),
            header.firstOffset == endOffset, header.life >= life, header.groupStart <= position,
            position + header.frameBytes <= bytes.writerIndex,
            header.matches(payloadIn: bytes, at: position + FrameHeader.byteCount)
        {
            position += header.frameBytes
            endOffset = header.endOffset
            life = header.life
        }
        searchBeyond(bytes, segment.number)
    }

    /// Looks at every header after the end.
    ///
    /// Those of a group that was never durable are remnants of a crash.
    private mutating func searchBeyond(_ bytes: ByteBuffer, _ number: UInt64) {
        var index = position
        while let mark = nextMark(in: bytes, from: index) {
            index = mark + 1
            guard let header = FrameHeader(in: bytes, at: mark - FrameHeader.markPosition, segment: number) else {
                continue
            }
            life = max(life, header.life)
            if header.groupStart > position { provesDamage = true }
        }
    }

    private func nextMark(in bytes: ByteBuffer, from index: Int) -> Int? {
        bytes.withUnsafeReadableBytes { space in
            guard let base = space.baseAddress, index < space.count,
                let found = memchr(base + index, Int32(FrameHeader.mark), space.count - index)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}

/// The error of a log whose durable bytes are not those that were written.
func corruptLog(_ path: String, _ what: String) -> FlareError {
    FlareError(
        .corruptStore,
        "the log segment \(path) is damaged: \(what)",
        hint: "nothing was changed; restore the file from a backup"
    )
}

import FlareModel
import NIOCore

/// Which door a batch of records came through.
///
/// The number is stored.
package enum IngestSource: UInt8, Sendable, CaseIterable {
    case http = 1
    /// `env.PIPELINE.send()` of a Worker.
    case binding = 2
    /// The control API, which the command line uses.
    case control = 3
    case webSocket = 4
    case kafka = 5
    /// A reject that was sent again.
    case replay = 6

    /// The door's name in metrics and in rejects.
    package var name: String {
        switch self {
        case .http: "http"
        case .binding: "binding"
        case .control: "control"
        case .webSocket: "websocket"
        case .kafka: "kafka"
        case .replay: "replay"
        }
    }
}

/// The payload of one frame of a stream, all numbers little-endian.
///
/// ```
/// version u8 | source u8 | ingest time i64 (ms since 1970) | stamp | records: ( length u32 | bytes )*
/// stamp: length u16, then, unless that is 0:
///        kind u8 | epoch i16 | first sequence i64 | last sequence i64 | fingerprint u32 | producer's id: the rest
/// ```
///
/// Version 1 had no stamp.
enum IngestFrame {
    static let version: UInt8 = 2
    private static let headerBytes = 12
    static let stampFixedBytes = 23

    static func begin(source: IngestSource, at time: Timestamp, stamp: ProducerStamp?, capacity: Int) -> ByteBuffer {
        let stampBytes = stamp.map { stampFixedBytes + $0.key.id.count } ?? 0
        var payload = ByteBufferAllocator().buffer(capacity: headerBytes + stampBytes + capacity)
        payload.writeInteger(version)
        payload.writeInteger(source.rawValue)
        payload.writeInteger(time.milliseconds, endianness: .little)
        payload.writeInteger(UInt16(stampBytes), endianness: .little)
        if let stamp {
            payload.writeInteger(stamp.key.kind.rawValue)
            payload.writeInteger(stamp.epoch, endianness: .little)
            payload.writeInteger(stamp.firstSequence, endianness: .little)
            payload.writeInteger(stamp.lastSequence, endianness: .little)
            payload.writeInteger(stamp.fingerprint, endianness: .little)
            payload.writeBytes(stamp.key.id)
        }
        return payload
    }

    /// Appends one record on a single line: line breaks between tokens become spaces.
    ///
    /// - Parameter members: bytes such as `"a":1` that are put behind the record's own members.
    static func append(
        _ record: UnsafeBufferPointer<UInt8>,
        members: [UInt8]? = nil,
        hasLineBreaks: Bool,
        to payload: inout ByteBuffer
    ) {
        let joined = members.map { Joined(record, $0) }
        payload.writeInteger(UInt32(joined?.byteCount ?? record.count), endianness: .little)
        let start = payload.writerIndex - payload.readerIndex
        if let joined {
            joined.write(to: &payload)
        } else {
            payload.writeBytes(UnsafeRawBufferPointer(record))
        }
        guard hasLineBreaks else { return }
        payload.withUnsafeMutableReadableBytes { bytes in
            // Inside of strings RFC 8259 has no raw line breaks, so each one here stands between tokens.
            for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
                bytes[index] = 0x20
            }
        }
    }

    /// An object with members put before its closing brace.
    struct Joined {
        private let record: UnsafeBufferPointer<UInt8>
        private let members: [UInt8]
        private let needsComma: Bool

        init(_ record: UnsafeBufferPointer<UInt8>, _ members: [UInt8]) {
            self.record = record
            self.members = members
            let inner = record.dropFirst().dropLast()
            needsComma = !inner.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        }

        var byteCount: Int { record.count + members.count + (needsComma ? 1 : 0) }

        func write(to payload: inout ByteBuffer) {
            payload.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(record)[..<(record.count - 1)]))
            if needsComma { payload.writeInteger(UInt8(ascii: ",")) }
            payload.writeBytes(members)
            payload.writeInteger(UInt8(ascii: "}"))
        }
    }
}

/// Reads a frame's payload.
struct IngestFrameReader {
    /// When the door took the records.
    let time: Timestamp
    let source: IngestSource
    let stamp: ProducerStamp?
    /// Where each record lies, as indices of the payload's buffer.
    let records: [Range<Int>]

    /// Throws `corruptStore` when the payload has another layout, although its checksum was right.
    static func read(_ payload: ByteBuffer, recordCount: Int) throws -> IngestFrameReader {
        var rest = payload
        let (source, time, stamp) = try readHeader(&rest)
        var records: [Range<Int>] = []
        records.reserveCapacity(recordCount)
        while let length = rest.readInteger(endianness: .little, as: UInt32.self) {
            guard rest.readableBytes >= Int(length) else { throw unreadable() }
            records.append(rest.readerIndex..<(rest.readerIndex + Int(length)))
            rest.moveReaderIndex(forwardBy: Int(length))
        }
        guard rest.readableBytes == 0, records.count == recordCount else { throw unreadable() }
        return IngestFrameReader(time: time, source: source, stamp: stamp, records: records)
    }

    /// The stamp alone, without a look at the records.
    static func stamp(of payload: ByteBuffer) throws -> (stamp: ProducerStamp?, time: Timestamp) {
        var rest = payload
        let header = try readHeader(&rest)
        return (header.stamp, header.time)
    }

    private static func readHeader(
        _ rest: inout ByteBuffer
    ) throws -> (source: IngestSource, time: Timestamp, stamp: ProducerStamp?) {
        guard let version = rest.readInteger(as: UInt8.self), (1...IngestFrame.version).contains(version),
            let source = rest.readInteger(as: UInt8.self).flatMap(IngestSource.init),
            let milliseconds = rest.readInteger(endianness: .little, as: Int64.self)
        else { throw unreadable() }
        let time = Timestamp(milliseconds: milliseconds)
        guard version > 1 else { return (source, time, nil) }
        guard let length = rest.readInteger(endianness: .little, as: UInt16.self),
            var stamp = rest.readSlice(length: Int(length))
        else { throw unreadable() }
        return (source, time, length == 0 ? nil : try readStamp(&stamp))
    }

    private static func readStamp(_ bytes: inout ByteBuffer) throws -> ProducerStamp {
        guard let kind = bytes.readInteger(as: UInt8.self).flatMap(ProducerStamp.Kind.init),
            let epoch = bytes.readInteger(endianness: .little, as: Int16.self),
            let first = bytes.readInteger(endianness: .little, as: Int64.self),
            let last = bytes.readInteger(endianness: .little, as: Int64.self),
            let fingerprint = bytes.readInteger(endianness: .little, as: UInt32.self)
        else { throw unreadable() }
        return ProducerStamp(
            kind: kind,
            id: Array(bytes.readableBytesView),
            epoch: epoch,
            firstSequence: first,
            lastSequence: last,
            fingerprint: fingerprint
        )
    }

    private static func unreadable() -> FlareError {
        FlareError(
            .corruptStore,
            "a frame of the stream has a layout that this version cannot read",
            hint: "was it written by a newer flare?"
        )
    }
}

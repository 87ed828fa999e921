import FlareModel
import NIOCore

/// Which door a batch of records came through.
///
/// The number is stored.
package enum IngestSource: UInt8, Sendable {
    case http = 1
    /// `env.PIPELINE.send()` of a Worker.
    case binding = 2
    /// The control API, which the command line uses.
    case control = 3
}

/// The payload of one frame of a stream.
///
/// ```
/// version u8 | source u8 | ingest time i64 (ms since 1970) | records: ( length u32 | bytes )*      little-endian
/// ```
enum IngestFrame {
    static let version: UInt8 = 1
    private static let headerBytes = 10

    static func begin(source: IngestSource, at time: Timestamp, capacity: Int) -> ByteBuffer {
        var payload = ByteBufferAllocator().buffer(capacity: headerBytes + capacity)
        payload.writeInteger(version)
        payload.writeInteger(source.rawValue)
        payload.writeInteger(time.milliseconds, endianness: .little)
        return payload
    }

    /// Appends one record on a single line: line breaks between tokens become spaces.
    static func append(_ record: UnsafeBufferPointer<UInt8>, hasLineBreaks: Bool, to payload: inout ByteBuffer) {
        payload.writeInteger(UInt32(record.count), endianness: .little)
        let start = payload.writerIndex - payload.readerIndex
        payload.writeBytes(UnsafeRawBufferPointer(record))
        guard hasLineBreaks else { return }
        payload.withUnsafeMutableReadableBytes { bytes in
            // Inside of strings RFC 8259 has no raw line breaks, so each one here stands between tokens.
            for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
                bytes[index] = 0x20
            }
        }
    }
}

/// Reads a frame's payload.
struct IngestFrameReader {
    /// When the door took the records.
    let time: Timestamp
    /// Where each record lies, as indices of the payload's buffer.
    let records: [Range<Int>]

    /// Throws `corruptStore` when the payload has another layout, although its checksum was right.
    static func read(_ payload: ByteBuffer, recordCount: Int) throws -> IngestFrameReader {
        var rest = payload
        guard rest.readInteger(as: UInt8.self) == IngestFrame.version, rest.readInteger(as: UInt8.self) != nil,
            let milliseconds = rest.readInteger(endianness: .little, as: Int64.self)
        else { throw unreadable() }
        var records: [Range<Int>] = []
        records.reserveCapacity(recordCount)
        while let length = rest.readInteger(endianness: .little, as: UInt32.self) {
            guard rest.readableBytes >= Int(length) else { throw unreadable() }
            records.append(rest.readerIndex..<(rest.readerIndex + Int(length)))
            rest.moveReaderIndex(forwardBy: Int(length))
        }
        guard rest.readableBytes == 0, records.count == recordCount else { throw unreadable() }
        return IngestFrameReader(time: Timestamp(milliseconds: milliseconds), records: records)
    }

    private static func unreadable() -> FlareError {
        FlareError(
            .corruptStore,
            "a frame of the stream has a layout that this version cannot read",
            hint: "was it written by a newer flare?"
        )
    }
}

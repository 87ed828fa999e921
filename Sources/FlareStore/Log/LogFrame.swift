import CFlareSystem
package import NIOCore

/// One durable batch of records, as it was appended.
package struct LogFrame: Sendable {
    /// The offset of the first record; the others follow.
    package let firstOffset: Int64
    package let recordCount: Int
    package let payload: ByteBuffer

    /// The offset after the last record.
    package var endOffset: Int64 { firstOffset + Int64(recordCount) }
}

/// What stands before each payload in a segment. Little-endian:
///
///      0  CRC32C of bytes 4..<44        24  payload length       40  FE 'F' 'L' kind
///      4  CRC32C of the payload         28  record count
///      8  segment number                32  group start
///     16  first offset                  36  life
///
/// The number of the segment is under the checksum: what a recycled file held before is never taken for a record.
struct FrameHeader: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case records = 0x31
        /// The last frame of a log that was closed in order. It has no payload. Without it, a damaged frame of the last
        /// group cannot be told from one that a power cut left half-written.
        case closed = 0x32
    }

    static let byteCount = 44
    /// Begins the mark at byte 40.
    ///
    /// Occurs in no UTF-8 text, so that a search for headers rarely stops in a payload.
    static let mark: UInt8 = 0xFE
    static let markPosition = 40

    var payloadChecksum: UInt32
    var segment: UInt64
    var firstOffset: Int64
    var payloadBytes: Int
    var recordCount: Int
    /// Where in the segment the frames begin that were written together with this one.
    ///
    /// All before it was durable.
    var groupStart: Int
    /// Raised whenever frames may lie beyond the end of the log: when it is opened, and when a write is rolled back.
    ///
    /// A frame of a lower life than the one before it is such a remnant.
    var life: UInt32
    var kind: Kind

    /// The offset after the frame's last record.
    var endOffset: Int64 { firstOffset + Int64(recordCount) }
    /// Header and payload.
    var frameBytes: Int { Self.byteCount + payloadBytes }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.byteCount) { space in
            func store<Value: FixedWidthInteger>(_ value: Value, at position: Int) {
                space.storeBytes(of: value.littleEndian, toByteOffset: position, as: Value.self)
            }
            store(payloadChecksum, at: 4)
            store(segment, at: 8)
            store(firstOffset, at: 16)
            store(UInt32(payloadBytes), at: 24)
            store(UInt32(recordCount), at: 28)
            store(UInt32(groupStart), at: 32)
            store(life, at: 36)
            store(Self.mark, at: Self.markPosition)
            store(UInt8(ascii: "F"), at: 41)
            store(UInt8(ascii: "L"), at: 42)
            store(kind.rawValue, at: 43)
            store(flare_crc32c(0, space.baseAddress.map { $0 + 4 }, Self.byteCount - 4), at: 0)
            return Self.byteCount
        }
    }
}

extension FrameHeader {
    /// Reads the header at an index of the buffer.
    ///
    /// Nil when there is none of this segment: too few bytes, another mark, a wrong checksum, another segment's number.
    init?(in buffer: ByteBuffer, at index: Int, segment: UInt64) {
        guard index >= 0, index + Self.byteCount <= buffer.writerIndex else { return nil }
        let header = buffer.withVeryUnsafeBytes { space -> FrameHeader? in
            func load<Value: FixedWidthInteger>(_ type: Value.Type, at position: Int) -> Value {
                Value(littleEndian: space.loadUnaligned(fromByteOffset: index + position, as: type))
            }
            // The cheap questions first: a search asks them of many places that hold no header.
            guard load(UInt8.self, at: Self.markPosition) == Self.mark, load(UInt64.self, at: 8) == segment,
                let kind = Kind(rawValue: load(UInt8.self, at: 43)),
                load(UInt32.self, at: 0)
                    == flare_crc32c(0, space.baseAddress.map { $0 + index + 4 }, Self.byteCount - 4)
            else { return nil }
            return FrameHeader(
                payloadChecksum: load(UInt32.self, at: 4),
                segment: segment,
                firstOffset: load(Int64.self, at: 16),
                payloadBytes: Int(load(UInt32.self, at: 24)),
                recordCount: Int(load(UInt32.self, at: 28)),
                groupStart: Int(load(UInt32.self, at: 32)),
                life: load(UInt32.self, at: 36),
                kind: kind
            )
        }
        guard let header else { return nil }
        self = header
    }

    /// Whether the payload, which begins at an index of the buffer and lies wholly within, is the one that was written.
    func matches(payloadIn buffer: ByteBuffer, at index: Int) -> Bool {
        checksum(of: buffer, at: index, count: payloadBytes) == payloadChecksum
    }
}

/// CRC32C of bytes within a buffer.
func checksum(of buffer: ByteBuffer, at index: Int, count: Int) -> UInt32 {
    buffer.withVeryUnsafeBytes { bytes in
        flare_crc32c(0, bytes.baseAddress.map { $0 + index }, count)
    }
}

import NIOCore
import Testing

@testable import FlareStore

@Suite struct LogFrameTests {
    private func header(
        firstOffset: Int64 = 0,
        payload: String = "record",
        groupStart: Int = 0,
        life: UInt32 = 1,
        segment: UInt64 = 7
    ) -> FrameHeader {
        let bytes = ByteBuffer(string: payload)
        return FrameHeader(
            payloadChecksum: checksum(of: bytes, at: 0, count: bytes.readableBytes),
            segment: segment,
            firstOffset: firstOffset,
            payloadBytes: bytes.readableBytes,
            recordCount: 1,
            groupStart: groupStart,
            life: life,
            kind: .records
        )
    }

    /// A segment of frames with one record each; a zeroed space follows.
    private func segment(_ headers: [FrameHeader], payload: String = "record") -> ByteBuffer {
        var bytes = ByteBuffer()
        for header in headers {
            header.write(to: &bytes)
            bytes.writeString(payload)
        }
        bytes.writeRepeatingByte(0, count: 200)
        return bytes
    }

    private let frameBytes = FrameHeader.byteCount + 6
    private let empty = LogSegment(number: 7, firstOffset: 0)

    @Test("the checksum is CRC32C, as RFC 3720 B.4 has it")
    func checksums() {
        let vectors: [([UInt8], UInt32)] = [
            (Array("123456789".utf8), 0xE306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array((0..<32).reversed()), 0x113F_DB5C),
            ([], 0),
        ]
        for (bytes, sum) in vectors {
            #expect(checksum(of: ByteBuffer(bytes: bytes), at: 0, count: bytes.count) == sum)
        }
    }

    @Test("a header reads as it was written, and no other segment takes it")
    func headerRoundTrip() {
        let written = FrameHeader(
            payloadChecksum: 1,
            segment: 0x0102_0304_0506_0708,
            firstOffset: 1 << 40,
            payloadBytes: 100_000_000,
            recordCount: 65_536,
            groupStart: 12_345,
            life: 9,
            kind: .records
        )
        var bytes = ByteBuffer(string: "before")
        written.write(to: &bytes)
        #expect(bytes.readableBytes == 6 + FrameHeader.byteCount)
        #expect(FrameHeader(in: bytes, at: 6, segment: written.segment) == written)
        #expect(FrameHeader(in: bytes, at: 6, segment: 8) == nil)
        #expect(FrameHeader(in: bytes, at: 5, segment: written.segment) == nil)
        #expect(FrameHeader(in: bytes, at: 7, segment: written.segment) == nil)
    }

    @Test("no changed bit of a header goes unnoticed")
    func changedBits() {
        var bytes = ByteBuffer()
        header().write(to: &bytes)
        for index in 0..<FrameHeader.byteCount {
            for bit in 0..<8 {
                var changed = bytes
                let byte: UInt8 = bytes.getInteger(at: index) ?? 0
                changed.setInteger(byte ^ (1 << bit), at: index)
                #expect(FrameHeader(in: changed, at: 0, segment: 7) == nil)
            }
        }
    }

    @Test("segment files are named by number and first offset, and other files are not taken for one")
    func names() {
        let segment = LogSegment(number: 18, firstOffset: 4096)
        #expect(segment.fileName == "segment-0000000000000012-0000000000001000")
        #expect(LogSegment(fileName: segment.fileName) == segment)
        for name in ["spare-1", "segment-12-10", "segment-0000000000000000-0000000000001000", segment.fileName + "-"] {
            #expect(LogSegment(fileName: name) == nil)
        }
    }

    @Test("a scan ends after the last whole frame")
    func scan() {
        let bytes = segment([header(), header(firstOffset: 1, groupStart: frameBytes)])
        let scan = TailScan(bytes, of: empty)
        #expect(scan.position == 2 * frameBytes)
        #expect(scan.endOffset == 2)
        #expect(scan.life == 1)
        #expect(!scan.provesDamage)
    }

    @Test("a torn frame with others of its group behind it is the end, not damage")
    func tornGroup() {
        var bytes = segment([
            header(), header(firstOffset: 1, groupStart: frameBytes), header(firstOffset: 2, groupStart: frameBytes),
        ])
        bytes.setInteger(UInt8(0), at: frameBytes + 3)
        let scan = TailScan(bytes, of: empty)
        #expect(scan.endOffset == 1)
        #expect(!scan.provesDamage)
    }

    @Test("a bad frame with a later group behind it is damage")
    func damage() {
        for byte in 0..<frameBytes {
            var bytes = segment([header(), header(firstOffset: 1, groupStart: frameBytes)])
            let old: UInt8 = bytes.getInteger(at: byte) ?? 0
            bytes.setInteger(~old, at: byte)
            #expect(TailScan(bytes, of: empty).provesDamage)
        }
    }

    @Test("frames of the segment's earlier life end the log, even where they would fit")
    func earlierLife() {
        let other = segment([header(), header(firstOffset: 1, groupStart: frameBytes, segment: 3)])
        #expect(TailScan(other, of: empty).endOffset == 1)
        // Life 2 wrote over the beginning of what life 1 had left behind unsynced.
        let remnant = segment([header(life: 2), header(firstOffset: 1, groupStart: 0, life: 1)])
        let scan = TailScan(remnant, of: empty)
        #expect(scan.endOffset == 1)
        #expect(scan.life == 2)
        #expect(!scan.provesDamage)
    }

    @Test("a frame that does not continue the offsets ends the log")
    func gap() {
        let bytes = segment([header(), header(firstOffset: 5, groupStart: 0)])
        #expect(TailScan(bytes, of: empty).endOffset == 1)
    }

    @Test("whatever bytes lie in a segment, a scan ends")
    func randomBytes() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            var bytes = segment([header(), header(firstOffset: 1, groupStart: frameBytes)])
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let byte = UInt8.random(in: .min ... .max, using: &random)
                bytes.setInteger(byte, at: Int.random(in: 0..<bytes.writerIndex, using: &random))
            }
            #expect(TailScan(bytes, of: empty).endOffset <= 2)
        }
    }
}

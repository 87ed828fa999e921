import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("frames of a stream")
struct IngestFrameTests {
    private let time = Timestamp(milliseconds: 1_700_000_000_123)
    private let stamp = ProducerStamp(
        kind: .kafka,
        id: Array("producer-1".utf8),
        epoch: -3,
        firstSequence: 2_147_483_646,
        lastSequence: 1,
        fingerprint: 0xDEAD_BEEF
    )

    private func frame(_ records: [String], stamp: ProducerStamp?, source: IngestSource = .kafka) -> ByteBuffer {
        var payload = IngestFrame.begin(source: source, at: time, stamp: stamp, capacity: 16)
        for record in records {
            Array(record.utf8).withUnsafeBufferPointer {
                IngestFrame.append($0, hasLineBreaks: false, to: &payload)
            }
        }
        return payload
    }

    private func texts(_ content: IngestFrameReader, _ payload: ByteBuffer) -> [String?] {
        content.records.map { payload.getString(at: $0.lowerBound, length: $0.count) }
    }

    @Test("are read as they were written, with a stamp and without")
    func roundTrip() throws {
        for stamp in [stamp, nil] {
            for source in IngestSource.allCases {
                let payload = frame(["{\"a\":1}", "{}"], stamp: stamp, source: source)
                let content = try IngestFrameReader.read(payload, recordCount: 2)
                #expect(content.source == source)
                #expect(content.time == time)
                #expect(content.stamp == stamp)
                #expect(texts(content, payload) == ["{\"a\":1}", "{}"])
                let header = try IngestFrameReader.stamp(of: payload)
                #expect(header.stamp == stamp && header.time == time)
            }
        }
    }

    @Test("of version 1, which had no stamp, are still read")
    func versionOne() throws {
        var payload = ByteBuffer(bytes: [1, IngestSource.http.rawValue])
        payload.writeInteger(time.milliseconds, endianness: .little)
        payload.writeInteger(UInt32(7), endianness: .little)
        payload.writeString("{\"a\":1}")
        let content = try IngestFrameReader.read(payload, recordCount: 1)
        #expect(content.time == time && content.source == .http && content.stamp == nil)
        #expect(texts(content, payload) == ["{\"a\":1}"])
        #expect(try IngestFrameReader.stamp(of: payload).stamp == nil)
    }

    @Test("are read from a slice of the log as well")
    func slice() throws {
        var whole = ByteBuffer(string: "before")
        let payload = frame(["{\"a\":1}"], stamp: stamp)
        whole.writeImmutableBuffer(payload)
        whole.moveReaderIndex(forwardBy: 6)
        let content = try IngestFrameReader.read(whole, recordCount: 1)
        #expect(texts(content, whole) == ["{\"a\":1}"])
        #expect(content.stamp == stamp)
    }

    @Test("cut anywhere they are reported as damaged, never read as something else")
    func cut() {
        for stamp in [stamp, nil] {
            let payload = frame(["{\"a\":1}"], stamp: stamp)
            for count in 0..<payload.readableBytes {
                let part = payload.getSlice(at: 0, length: count) ?? ByteBuffer()
                let error = #expect(throws: FlareError.self) { try IngestFrameReader.read(part, recordCount: 1) }
                #expect(error?.code == .corruptStore)
            }
        }
    }

    @Test(
        "of an unknown version, door or kind of producer, or with too short a stamp, are reported as damaged",
        arguments: [
            (at: 0, byte: 3), (at: 0, byte: 0), (at: 1, byte: 0), (at: 1, byte: 7), (at: 12, byte: 0),
            (at: 12, byte: 5), (at: 10, byte: 22), (at: 10, byte: 1),
        ]
    )
    func damaged(at index: Int, byte: Int) {
        var payload = frame(["{\"a\":1}"], stamp: stamp)
        payload.setInteger(UInt8(byte), at: index)
        let error = #expect(throws: FlareError.self) { try IngestFrameReader.read(payload, recordCount: 1) }
        #expect(error?.code == .corruptStore)
        let other = #expect(throws: FlareError.self) { try IngestFrameReader.stamp(of: payload) }
        #expect(other?.code == .corruptStore)
    }

    @Test("with another number of records than the log says are reported as damaged")
    func recordCount() {
        for count in [0, 1, 3] {
            #expect(throws: FlareError.self) {
                try IngestFrameReader.read(frame(["{}", "{}"], stamp: nil), recordCount: count)
            }
        }
    }
}

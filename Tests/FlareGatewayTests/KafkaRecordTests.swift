import CFlareSystem
import FlareModel
import Foundation
import NIOCore
import Testing

@testable import FlareGateway

@Suite("Kafka records")
struct KafkaRecordTests {
    struct Capture: Sendable, CustomTestStringConvertible {
        let client: String
        let request: [UInt8]

        var testDescription: String { client }

        static let all: [Capture] = KafkaCaptures.lines.split(separator: "\n").map { line in
            let parts = line.split(separator: "|").map(String.init)
            return Capture(client: parts[0], request: Array(Data(base64Encoded: parts[2]) ?? Data()))
        }

        /// The bytes of the one partition.
        func records() throws -> [UInt8] {
            var connection = KafkaConnection(broker: KafkaGoldenTests.broker)
            guard case .produce(let request) = try connection.receive(ByteBuffer(bytes: request)) else { return [] }
            #expect(request.topics.map(\.name) == ["orders"])
            return Array(try #require(request.topics.first?.partitions.first?.records).readableBytesView)
        }
    }

    @Test("what real clients send is read in full, in every format and codec", arguments: Capture.all)
    func captures(_ capture: Capture) throws {
        let records = try DecodedRecord.all(in: capture.records())
        #expect(records.count == 3)
        for (index, record) in records.enumerated() {
            let text = Array(repeating: "flare ", count: 8).joined()
            #expect(record.value == #"{"n":\#(index),"text":"\#(text)"}"#)
            #expect(record.key == "k\(index)")
            let isOld = capture.client.contains("-v0") || capture.client.contains("-v1")
            #expect(record.headers == (isOld ? [] : ["h=1"]))
            #expect(record.timestamp == (capture.client.contains("-v0") ? nil : 1_700_000_000_000 + Int64(index)))
        }
    }

    @Test("what would become larger than allowed is refused", arguments: Capture.all)
    func bombs(_ capture: Capture) throws {
        let bytes = try capture.records()
        let isCompressed = !capture.client.hasSuffix("-none")
        for budget in [0, 1, 100] {
            do throws(KafkaFault) {
                _ = try DecodedRecord.all(in: bytes, budget: budget)
                #expect(!isCompressed)
            } catch {
                #expect(error.code == .messageTooLarge)
            }
        }
    }

    @Test("a bomb of zeros stops at the limit", arguments: [Int16(1), 4])
    func zeros(codec: Int16) {
        let zeros = [UInt8](repeating: 0, count: 4_000_000)
        var packed = [UInt8](repeating: 0, count: 4_100_000)
        let count =
            codec == 1
            ? flare_gzip_compress(zeros, zeros.count, &packed, packed.count, 6)
            : flare_zstd_compress(zeros, zeros.count, &packed, packed.count, 3)
        var sample = KafkaSample()
        sample.attributes = codec
        sample.records = Array(packed[..<count])
        expect(.messageTooLarge, sample.batch(), budget: 1_000_000)
        // Just as much as is allowed is no bomb; it is no records either.
        expect(.invalidRecord, sample.batch(), budget: 4_000_000)
    }

    @Test("one byte changed anywhere changes no record without notice", arguments: Capture.all)
    func corrupt(_ capture: Capture) throws {
        let bytes = try capture.records()
        let records = try DecodedRecord.all(in: bytes)
        for index in bytes.indices {
            var wrong = bytes
            wrong[index] ^= 0x10
            // Offsets and a batch's leader epoch are the broker's to write, so that no checksum covers them.
            guard let read = try? DecodedRecord.all(in: wrong) else { continue }
            #expect(read == records, "byte \(index)")
        }
    }

    @Test("what is cut off anywhere is refused", arguments: Capture.all)
    func cutOff(_ capture: Capture) throws {
        let bytes = try capture.records()
        for length in 1..<bytes.count {
            // The messages of format 0 and 1 stand alone, so that a set may end behind each.
            let records = try? DecodedRecord.all(in: Array(bytes[..<length]))
            #expect(records.map { $0.count < 3 && bytes[16] < 2 } ?? true, "\(length) bytes")
        }
    }

    @Test("nulls, long keys and repeated headers are kept")
    func parts() throws {
        var sample = KafkaSample()
        sample.values = [nil, []]
        sample.key = Array(repeating: UInt8(ascii: "k"), count: 300)
        sample.headers = [(Array("a".utf8), Array("1".utf8)), (Array("a".utf8), nil)]
        let records = try DecodedRecord.all(in: sample.batch() + sample.batch())
        #expect(records.count == 4)
        #expect(records.map(\.value) == [nil, "", nil, ""])
        #expect(records[3].headers == ["a=1", "a=null"])
        #expect(records[3].key?.count == 300)
        #expect(records[3].timestamp == 1_700_000_000_001)
    }

    @Test("the broker's time stands for all records when a batch says so")
    func brokerTime() throws {
        var sample = KafkaSample()
        sample.attributes = 8
        #expect(try DecodedRecord.all(in: sample.batch())[0].timestamp == 1_700_000_000_999)
    }

    @Test("batches that contradict themselves are refused, each with its code")
    func contradictions() {
        func with(_ change: (inout KafkaSample) -> Void) -> [UInt8] {
            var sample = KafkaSample()
            change(&sample)
            return sample.batch()
        }
        expect(.invalidRecord, with { $0.count = 2 })
        expect(.invalidRecord, with { $0.count = 0 })
        expect(.invalidRecord, with { $0.count = -1 })
        expect(.invalidRecord, with { $0.count = .max })
        expect(.invalidRecord, with { $0.lastDelta = 5 })
        expect(.invalidRecord, with { $0.records = [] })
        expect(.invalidRecord, with { $0.records = [0] })
        expect(.invalidRecord, with { $0.records = [1] })
        expect(.invalidRecord, with { $0.records = Array(repeating: 0xFF, count: 20) })
        expect(.invalidRecord, with { $0.records = $0.record([1], number: 0) + [0] })
        expect(.invalidRecord, with { $0.attributes = 0x20 })
        expect(.invalidTransactionState, with { $0.attributes = 0x10 })
        for codec in Int16(5)...7 { expect(.unsupportedCompressionType, with { $0.attributes = codec }) }
        for codec in Int16(1)...4 { expect(.invalidRecord, with { $0.attributes = codec }) }
        for codec in Int16(1)...4 {
            expect(
                .invalidRecord,
                with {
                    $0.attributes = codec
                    $0.records = []
                }
            )
        }
        expect(.invalidRecord, with { $0.producerID = 7 })
        expect(
            .invalidRecord,
            with {
                $0.producerID = 7
                $0.epoch = 0
            }
        )
    }

    @Test("messages that contradict themselves are refused, each with its code")
    func messages() {
        let value = Array("{}".utf8)
        for magic in Int8(0)...1 {
            let good = KafkaSample.message(magic: magic, value: value)
            expect(.invalidRecord, KafkaSample.message(magic: magic, attributes: 1, value: good))
            expect(.unsupportedCompressionType, KafkaSample.message(magic: magic, attributes: 1, value: nil))
            expect(.unsupportedCompressionType, KafkaSample.message(magic: magic, attributes: 4, value: good))
            expect(.unsupportedCompressionType, KafkaSample.message(magic: magic, attributes: 5, value: good))
            expect(.corruptMessage, good + [0])
            expect(.corruptMessage, Array(good.dropLast()))
        }
        expect(.corruptMessage, KafkaSample.message(magic: 3, value: value))
        expect(.corruptMessage, KafkaSample.message(magic: -1, value: value))
        expect(.corruptMessage, Array(repeating: 0, count: 200))
        expect(.corruptMessage, Array(repeating: 0xFF, count: 200))
    }

    @Test("sequences go on with 0 behind the greatest")
    func sequences() throws {
        var sample = KafkaSample("{}", "{}", "{}")
        (sample.producerID, sample.epoch, sample.sequence) = (7, 0, Int32.max - 1)
        let last = try sample.batch().withUnsafeBufferPointer { bytes in
            var rest = KafkaBytes(bytes)
            return try RecordBatch(&rest).lastSequence
        }
        #expect(last == 0)
    }

    private func expect(_ code: KafkaErrorCode, _ bytes: [UInt8], budget: Int = 10_000_000) {
        do throws(KafkaFault) {
            let records = try DecodedRecord.all(in: bytes, budget: budget)
            Issue.record("read \(records.count) records instead of \(code)")
        } catch {
            #expect(error.code == code, "\(error.message)")
        }
    }
}

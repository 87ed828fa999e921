import NIOCore
import Testing

@testable import FlareGateway

/// A reproducible source of chance: SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite("Kafka requests by chance")
struct KafkaFuzzTests {
    @Test("whatever is in a request, it is read or refused", arguments: [1, 2, 3])
    func requests(seed: UInt64) {
        var chance = SeededGenerator(state: seed)
        let samples = KafkaGoldenTests.Golden.all.map(\.request)
        for _ in 0..<3_000 {
            var bytes = samples.randomElement(using: &chance) ?? []
            Self.damage(&bytes, &chance, from: 0)
            var connection = KafkaConnection(broker: KafkaGoldenTests.broker)
            _ = try? connection.receive(ByteBuffer(bytes: bytes))
        }
    }

    @Test("whatever is in a batch under a right checksum, it is read or refused", arguments: [4, 5, 6])
    func records(seed: UInt64) throws {
        var chance = SeededGenerator(state: seed)
        let samples = try KafkaRecordTests.Capture.all.map { try $0.records() }
        for _ in 0..<3_000 {
            var bytes = samples.randomElement(using: &chance) ?? []
            if bytes[16] == UInt8(RecordBatch.magic) {
                var rest = Array(bytes[21...])
                Self.damage(&rest, &chance, from: Bool.random(using: &chance) ? 40 : 0)
                bytes = KafkaSample.sealed(rest)
            } else {
                var value = Array(bytes[26...])
                Self.damage(&value, &chance, from: 0)
                bytes = KafkaSample.message(
                    magic: Int8(bitPattern: bytes[16]),
                    attributes: Int8.random(in: 0...4, using: &chance),
                    value: value
                )
            }
            _ = try? DecodedRecord.all(in: bytes, budget: 100_000)
        }
    }

    @Test("whatever comes over a connection, it is cut into requests or refused", arguments: [7, 8])
    func frames(seed: UInt64) {
        var chance = SeededGenerator(state: seed)
        for _ in 0..<300 {
            var frames = KafkaFrames()
            reading: for _ in 0..<20 {
                var bytes = (0..<Int.random(in: 0...40, using: &chance)).map { _ in
                    UInt8.random(in: 0...3, using: &chance)
                }
                Self.damage(&bytes, &chance, from: 0)
                frames.append(ByteBuffer(bytes: bytes))
                while true {
                    switch frames.next() {
                    case .request: continue
                    case .incomplete: continue reading
                    case .tooLarge: break reading
                    }
                }
            }
        }
    }

    /// Changes, cuts or doubles a few bytes.
    private static func damage(_ bytes: inout [UInt8], _ chance: inout SeededGenerator, from start: Int) {
        for _ in 0..<Int.random(in: 1...4, using: &chance) where bytes.count > start {
            let index = Int.random(in: start..<bytes.count, using: &chance)
            switch Int.random(in: 0...5, using: &chance) {
            case 0: bytes.removeSubrange(index...)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: index)
            case 3: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &chance) ?? 0
            default: bytes[index] ^= UInt8(1) << UInt8.random(in: 0...7, using: &chance)
            }
        }
    }
}

/// Kafka's wire format, as much of it as one prepared Produce request needs.
///
/// https://kafka.apache.org/documentation/#recordbatch and https://kafka.apache.org/protocol#The_Messages_Produce
struct KafkaBatch {
    private var bytes: [UInt8] = []

    /// A Produce v7 request with one record batch (format 2) without a producer's id, for partition 0.
    static func produce(topic: String, records: [[UInt8]]) -> [UInt8] {
        let batch = recordBatch(records)
        var request = KafkaBatch()
        request.append(Int16(0))  // Produce
        request.append(Int16(7))
        request.append(Int32(1))  // the correlation, which the answer repeats
        request.append(text: "flare-bench")
        request.append(Int16(-1))  // no transaction
        request.append(Int16(-1))  // acks: all
        request.append(Int32(30_000))
        request.append(Int32(1))
        request.append(text: topic)
        request.append(Int32(1))
        request.append(Int32(0))
        request.append(Int32(batch.count))
        request.bytes += batch
        var size = KafkaBatch()
        size.append(Int32(request.bytes.count))
        return size.bytes + request.bytes
    }

    private static func recordBatch(_ records: [[UInt8]]) -> [UInt8] {
        var checked = KafkaBatch()
        checked.append(Int16(0))  // no compression
        checked.append(Int32(records.count - 1))
        checked.append(Int64(1_711_972_800_000))  // the first timestamp and the last
        checked.append(Int64(1_711_972_800_000))
        checked.append(Int64(-1))
        checked.append(Int16(-1))
        checked.append(Int32(-1))
        checked.append(Int32(records.count))
        for (index, record) in records.enumerated() {
            var content = KafkaBatch()
            content.bytes.append(0)
            content.append(variable: 0)
            content.append(variable: index)
            content.append(variable: -1)  // no key
            content.append(variable: record.count)
            content.bytes += record
            content.append(variable: 0)  // no headers
            checked.append(variable: content.bytes.count)
            checked.bytes += content.bytes
        }
        var batch = KafkaBatch()
        batch.append(Int64(0))
        batch.append(Int32(4 + 1 + 4 + checked.bytes.count))
        batch.append(Int32(-1))
        batch.bytes.append(2)
        batch.append(Int32(bitPattern: checksum(checked.bytes)))
        return batch.bytes + checked.bytes
    }

    /// CRC-32C, bit by bit: it is computed once.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = .max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
        }
        return ~value
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }

    private mutating func append(text: String) {
        append(Int16(text.utf8.count))
        bytes += text.utf8
    }

    /// Zigzag, seven bits a byte.
    private mutating func append(variable value: Int) {
        var left = UInt64(bitPattern: Int64(value << 1 ^ value >> 63))
        while left >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        bytes.append(UInt8(left))
    }
}

import CFlareSystem
import NIOCore

@testable import FlareGateway

/// Builds record batches and messages, right or wrong.
struct KafkaSample {
    var values: [[UInt8]?] = [Array(#"{"n":1}"#.utf8)]
    var key: [UInt8]?
    var headers: [([UInt8], [UInt8]?)] = []
    var attributes: Int16 = 0
    var producerID: Int64 = -1
    var epoch: Int16 = -1
    var sequence: Int32 = -1
    /// Instead of the real ones.
    var count: Int32?
    var lastDelta: Int32?
    var records: [UInt8]?

    init() {}

    init(_ values: String...) {
        self.values = values.map { Array($0.utf8) }
    }

    static func varint(_ value: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))
        var bytes: [UInt8] = []
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A record of format 2.
    func record(_ value: [UInt8]?, number: Int) -> [UInt8] {
        var content: [UInt8] = [0] + Self.varint(number) + Self.varint(number)
        content += Self.varint(key?.count ?? -1) + (key ?? [])
        content += Self.varint(value?.count ?? -1) + (value ?? [])
        content += Self.varint(headers.count)
        for (name, value) in headers {
            content += Self.varint(name.count) + name + Self.varint(value?.count ?? -1) + (value ?? [])
        }
        return Self.varint(content.count) + content
    }

    /// A batch of format 2.
    func batch() -> [UInt8] {
        var rest = ByteBuffer()
        rest.writeInteger(attributes)
        rest.writeInteger(lastDelta ?? Int32(values.count - 1))
        rest.writeInteger(Int64(1_700_000_000_000))
        rest.writeInteger(Int64(1_700_000_000_999))
        rest.writeInteger(producerID)
        rest.writeInteger(epoch)
        rest.writeInteger(sequence)
        rest.writeInteger(count ?? Int32(values.count))
        rest.writeBytes(records ?? values.enumerated().flatMap { record($1, number: $0) })
        return Self.sealed(Array(rest.readableBytesView))
    }

    /// Puts what comes before the attributes in front, with the right checksum.
    static func sealed(_ rest: [UInt8]) -> [UInt8] {
        var batch = ByteBuffer()
        batch.writeInteger(Int64(0))
        batch.writeInteger(Int32(rest.count + 9))
        batch.writeInteger(Int32(-1))
        batch.writeInteger(RecordBatch.magic)
        batch.writeInteger(flare_crc32c(0, rest, rest.count))
        batch.writeBytes(rest)
        return Array(batch.readableBytesView)
    }

    /// A message of format 0 or 1.
    static func message(magic: Int8, attributes: Int8 = 0, value: [UInt8]?, key: [UInt8]? = nil) -> [UInt8] {
        var rest = ByteBuffer()
        rest.writeInteger(magic)
        rest.writeInteger(attributes)
        if magic == 1 { rest.writeInteger(Int64(1_700_000_000_000)) }
        rest.writeInteger(Int32(key?.count ?? -1))
        rest.writeBytes(key ?? [])
        rest.writeInteger(Int32(value?.count ?? -1))
        rest.writeBytes(value ?? [])
        let covered = Array(rest.readableBytesView)
        var message = ByteBuffer()
        message.writeInteger(Int64(0))
        message.writeInteger(Int32(covered.count + 4))
        message.writeInteger(flare_crc32(0, covered, covered.count))
        message.writeBytes(covered)
        return Array(message.readableBytesView)
    }
}

/// A decoded record, with copies of its bytes.
struct DecodedRecord: Equatable {
    var key: String?
    var value: String?
    var timestamp: Int64?
    var headers: [String] = []

    init(_ record: KafkaRecord) {
        func text(_ bytes: UnsafeBufferPointer<UInt8>?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        key = text(record.key)
        value = text(record.value)
        timestamp = record.timestamp
        headers = record.headers.map { "\(text($0.key) ?? "")=\(text($0.value) ?? "null")" }
    }

    /// All records of a partition's bytes, whatever their format.
    static func all(
        in bytes: [UInt8],
        budget: Int = 10_000_000
    ) throws(KafkaFault) -> [DecodedRecord] {
        var budget = budget
        var records: [DecodedRecord] = []
        let result = bytes.withUnsafeBufferPointer { bytes -> Result<Void, KafkaFault> in
            do throws(KafkaFault) {
                var rest = KafkaBytes(bytes)
                while !rest.isAtEnd {
                    if rest.remaining > 16, bytes[rest.position + 16] == UInt8(RecordBatch.magic) {
                        try RecordBatch(&rest).forEach(budget: &budget) { records.append(DecodedRecord($0)) }
                    } else {
                        try MessageSet.forEachInNext(&rest, budget: &budget) { records.append(DecodedRecord($0)) }
                    }
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        return records
    }
}

import CFlareSystem

/// Messages in the formats 0 and 1, of Kafka before 0.11.
///
/// ```
/// offset i64 | length i32 | CRC32 u32 | magic i8 | attributes i8 | [time i64 in format 1] | key | value
/// ```
/// A compressed message holds a set of messages as its value. The checksum covers all that follows it.
/// https://kafka.apache.org/documentation/#messageset
enum MessageSet {
    /// Passes the message that `bytes` begins with and calls `body` with it, or with each message inside of it.
    static func forEachInNext(
        _ bytes: inout KafkaBytes,
        budget: inout Int,
        _ body: (KafkaRecord) -> Void
    ) throws(KafkaFault) {
        let message = try Message(&bytes)
        let codec = try KafkaCodec(attributes: Int16(message.attributes))
        guard codec != .none else { return body(message.record) }
        // Zstandard came with format 2 (KIP-110).
        guard codec != .zstd, let compressed = message.record.value else {
            throw KafkaFault(.unsupportedCompressionType, "a message of format \(message.magic) is compressed wrongly")
        }
        try codec.withDecompressed(compressed, magic: message.magic, budget: &budget) { inner throws(KafkaFault) in
            var rest = KafkaBytes(inner)
            while !rest.isAtEnd {
                let inside = try Message(&rest)
                guard inside.attributes & 7 == 0 else {
                    throw KafkaFault(.invalidRecord, "a compressed message inside of a compressed message")
                }
                var record = inside.record
                // The broker's time stands in the outer message alone (KIP-32).
                if message.attributes & 8 != 0 { record.timestamp = message.record.timestamp }
                body(record)
            }
        }
    }

    private struct Message {
        let magic: Int8
        let attributes: Int8
        let record: KafkaRecord

        init(_ bytes: inout KafkaBytes) throws(KafkaFault) {
            guard bytes.remaining >= 12 else { throw KafkaFault(.corruptMessage, "a message is cut off") }
            _ = try bytes.integer(as: Int64.self)
            let length = Int(try bytes.integer(as: Int32.self))
            guard length >= 14, length <= bytes.remaining, let content = try bytes.bytes(length) else {
                throw KafkaFault(.corruptMessage, "a message is cut off")
            }
            var rest = KafkaBytes(content)
            let checksum = try rest.integer(as: UInt32.self)
            let covered = UnsafeBufferPointer(rebasing: content[rest.position...])
            guard flare_crc32(0, covered.baseAddress, covered.count) == checksum else {
                throw KafkaFault(.corruptMessage, "the checksum of a message is wrong")
            }
            magic = try rest.integer()
            guard magic == 0 || magic == 1 else {
                throw KafkaFault(.corruptMessage, "the message format \(magic) does not exist")
            }
            attributes = try rest.integer()
            var record = KafkaRecord()
            if magic == 1 {
                let time = try rest.integer(as: Int64.self)
                record.timestamp = time >= 0 ? time : nil
            }
            record.key = try rest.bytes(Int(try rest.integer(as: Int32.self)))
            record.value = try rest.bytes(Int(try rest.integer(as: Int32.self)))
            guard rest.isAtEnd else { throw KafkaFault(.invalidRecord, "a message is longer than its parts") }
            self.record = record
        }
    }
}

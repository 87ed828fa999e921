/// One record of a batch or message of a set: views of bytes that live as long as their decoding.
struct KafkaRecord {
    var key: UnsafeBufferPointer<UInt8>?
    var value: UnsafeBufferPointer<UInt8>?
    /// Milliseconds since 1970; nil in messages from before Kafka 0.10.
    var timestamp: Int64?
    var headers = KafkaHeaders()
}

/// The headers of one record, decoded as they are walked over.
struct KafkaHeaders: Sequence, IteratorProtocol {
    struct Header {
        let key: UnsafeBufferPointer<UInt8>
        let value: UnsafeBufferPointer<UInt8>?
    }

    private(set) var count = 0
    private var bytes = KafkaBytes(UnsafeBufferPointer(start: nil, count: 0))

    init() {}

    /// Checks all headers, which stand at the end of a record.
    init(_ record: inout KafkaBytes) throws(KafkaFault) {
        count = try record.varint()
        guard count >= 0 else { throw KafkaFault(.invalidRecord, "a record has \(count) headers") }
        bytes = record
        for _ in 0..<count {
            guard try record.bytes(try record.varint()) != nil else {
                throw KafkaFault(.invalidRecord, "a header has no name")
            }
            _ = try record.bytes(try record.varint())
        }
    }

    mutating func next() -> Header? {
        guard count > 0 else { return nil }
        count -= 1
        // Checked when the record was read.
        guard let length = try? bytes.varint(), let key = try? bytes.bytes(length), let next = try? bytes.varint()
        else { return nil }
        return Header(key: key, value: (try? bytes.bytes(next)) ?? nil)
    }
}

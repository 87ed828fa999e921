import CFlareSystem

/// A batch of records in format 2, of Kafka 0.11 and later.
///
/// ```
/// base offset i64 | length i32 | leader epoch i32 | magic i8 = 2 | CRC32C u32 | attributes i16 | last offset delta i32
/// | first time i64 | last time i64 | producer id i64 | producer epoch i16 | base sequence i32 | count i32 | records
/// ```
/// The checksum covers all that follows it. https://kafka.apache.org/documentation/#recordbatch
struct RecordBatch {
    static let magic: Int8 = 2

    let attributes: Int16
    let firstTime: Int64
    let lastTime: Int64
    let producerID: Int64
    let producerEpoch: Int16
    let baseSequence: Int32
    let recordCount: Int
    /// The records as they are on the wire, perhaps compressed.
    let records: UnsafeBufferPointer<UInt8>

    /// Reads the header of the batch that `bytes` begins with, checks it, and passes the whole batch.
    init(_ bytes: inout KafkaBytes) throws(KafkaFault) {
        _ = try bytes.integer(as: Int64.self)
        let length = Int(try bytes.integer(as: Int32.self))
        guard length >= 0, length <= bytes.remaining, let content = try bytes.bytes(length) else {
            throw KafkaFault(.corruptMessage, "a record batch is cut off")
        }
        // From the leader epoch up to the number of records.
        guard length >= 49 else { throw KafkaFault(.corruptMessage, "a record batch of \(length) bytes") }
        var rest = KafkaBytes(content)
        _ = try rest.bytes(5)
        let checksum = try rest.integer(as: UInt32.self)
        let covered = UnsafeBufferPointer(rebasing: content[rest.position...])
        guard flare_crc32c(0, covered.baseAddress, covered.count) == checksum else {
            throw KafkaFault(.corruptMessage, "the checksum of a record batch is wrong")
        }
        attributes = try rest.integer()
        let lastDelta = try rest.integer(as: Int32.self)
        firstTime = try rest.integer()
        lastTime = try rest.integer()
        producerID = try rest.integer()
        producerEpoch = try rest.integer()
        baseSequence = try rest.integer()
        let count = try rest.integer(as: Int32.self)
        guard count > 0, lastDelta == count - 1 else {
            throw KafkaFault(.invalidRecord, "a batch of \(count) records whose last one has the number \(lastDelta)")
        }
        recordCount = Int(count)
        records = UnsafeBufferPointer(rebasing: content[rest.position...])
        try checkKind()
    }

    private func checkKind() throws(KafkaFault) {
        if attributes & 0x20 != 0 { throw KafkaFault(.invalidRecord, "a producer may not write control batches") }
        if attributes & 0x10 != 0 {
            throw KafkaFault(.invalidTransactionState, "flare has no transactions: use an idempotent producer")
        }
        guard producerID >= 0 else { return }
        guard producerEpoch >= 0, baseSequence >= 0 else {
            throw KafkaFault(
                .invalidRecord,
                "a batch of producer \(producerID) has the epoch \(producerEpoch) and the sequence \(baseSequence)"
            )
        }
    }

    /// The sequence of the last record: sequences go on with 0 after 2,147,483,647.
    var lastSequence: Int32 { Int32((Int64(baseSequence) + Int64(recordCount) - 1) & 0x7FFF_FFFF) }

    /// Bit 3: the broker's time, that of the last record, stands for all.
    private var hasBrokerTime: Bool { attributes & 8 != 0 }

    /// Calls `body` with each record.
    ///
    /// ```
    /// length varint | attributes i8 | time delta varlong | offset delta varint | key | value | headers
    /// ```
    /// - Parameters:
    ///   - budget: what decompressed bytes are taken from.
    func forEach(budget: inout Int, _ body: (KafkaRecord) -> Void) throws(KafkaFault) {
        let codec = try KafkaCodec(attributes: attributes)
        try codec.withDecompressed(records, magic: Self.magic, budget: &budget) { bytes throws(KafkaFault) in
            var rest = KafkaBytes(bytes)
            for _ in 0..<recordCount {
                guard let content = try rest.bytes(try rest.varint()) else {
                    throw KafkaFault(.invalidRecord, "a record has no length")
                }
                body(try record(KafkaBytes(content)))
            }
            guard rest.isAtEnd else {
                throw KafkaFault(.invalidRecord, "a batch holds more than its \(recordCount) records")
            }
        }
    }

    @inline(__always)
    private func record(_ content: consuming KafkaBytes) throws(KafkaFault) -> KafkaRecord {
        _ = try content.integer(as: Int8.self)
        let timeDelta = try content.varlong()
        _ = try content.varint()
        var record = KafkaRecord()
        record.timestamp = hasBrokerTime ? lastTime : firstTime &+ timeDelta
        record.key = try content.bytes(try content.varint())
        record.value = try content.bytes(try content.varint())
        record.headers = try KafkaHeaders(&content)
        guard content.isAtEnd else { throw KafkaFault(.invalidRecord, "a record is longer than its parts") }
        return record
    }
}

import FlareModel
import FlarePipelines

/// The records that a request holds for one partition, checked and ready for the stream.
///
/// All or none: a producer counts its batches, and half of one would be taken for the whole.
struct PartitionRecords {
    /// One for each batch of an idempotent producer; what comes unnumbered is put together.
    private(set) var batches: [IngestBatch] = []
    /// The first records that were refused, with reasons.
    private(set) var refused: [KafkaProduceReply.Refused] = []
    private(set) var refusedCount = 0

    /// Decodes record batches and messages of all formats.
    ///
    /// Throws when the bytes as such cannot be used.
    /// - Parameters:
    ///   - budget: how many bytes the compressed batches may become; what they do is taken from it.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>,
        rules: IngestRules,
        at time: Timestamp,
        budget: inout Int
    ) throws(KafkaFault) {
        var rest = KafkaBytes(bytes)
        var intake = Intake(rules: rules)
        var unnumbered: IngestBatch?
        guard !rest.isAtEnd else { throw KafkaFault(.invalidRecord, "the request holds no record") }
        while !rest.isAtEnd {
            let isBatch = try Self.isRecordBatch(rest)
            let batch = isBatch ? try RecordBatch(&rest) : nil
            if let batch, batch.producerID >= 0 {
                if let last = unnumbered.take() { batches.append(last) }
                var target = Self.empty(rules, at: time, capacity: batch.records.count, stamp: batch.stamp)
                try batch.forEach(budget: &budget) { intake.add($0, to: &target) }
                batches.append(target)
                continue
            }
            var target = unnumbered.take() ?? Self.empty(rules, at: time, capacity: rest.all.count)
            if let batch {
                try batch.forEach(budget: &budget) { intake.add($0, to: &target) }
            } else {
                try MessageSet.forEachInNext(&rest, budget: &budget) { intake.add($0, to: &target) }
            }
            unnumbered = target
        }
        if let last = unnumbered { batches.append(last) }
        refused = intake.refused
        refusedCount = intake.refusedCount
    }

    /// Why the whole is refused; nil when all records are good.
    var refusal: KafkaProduceReply.Outcome? {
        guard let first = refused.first else { return nil }
        return KafkaProduceReply.Outcome(
            error: .invalidRecord,
            message: "record \(first.index) was refused: \(first.reason)",
            refused: refused
        )
    }

    /// The version of the format stands at the same place in all of them.
    private static func isRecordBatch(_ bytes: KafkaBytes) throws(KafkaFault) -> Bool {
        guard bytes.remaining >= 17 else { throw KafkaFault(.corruptMessage, "a record batch is cut off") }
        return bytes.all[bytes.position + 16] == UInt8(RecordBatch.magic)
    }

    private static func empty(
        _ rules: IngestRules,
        at time: Timestamp,
        capacity: Int,
        stamp: ProducerStamp? = nil
    ) -> IngestBatch {
        let capacity = min(capacity + 16, Limits.ingestFrameBytes)
        return IngestBatch(source: .kafka, rules: rules, stamp: stamp, at: time, capacity: capacity)
    }

    /// Judges record after record.
    private struct Intake {
        let keepsMetadata: Bool
        var members = KafkaMembers()
        var index: Int32 = 0
        var refused: [KafkaProduceReply.Refused] = []
        var refusedCount = 0

        init(rules: IngestRules) {
            keepsMetadata = rules.keepsKafkaMetadata
        }

        @inline(__always)
        mutating func add(_ record: KafkaRecord, to batch: inout IngestBatch) {
            let reason: String?
            if let value = record.value {
                if keepsMetadata { members.set(record) }
                reason = batch.add(record: value, members: keepsMetadata ? members.bytes : nil)
            } else {
                reason = "the value is null; a record is a JSON object"
            }
            if let reason { refuse(reason) }
            index &+= 1
        }

        private mutating func refuse(_ reason: String) {
            refusedCount += 1
            guard refused.count < Limits.kafkaRefusedListedMax else { return }
            refused.append(KafkaProduceReply.Refused(index: index, reason: reason))
        }
    }
}

extension RecordBatch {
    /// Where the batch stands in its producer's count; nil for a producer that does not count.
    fileprivate var stamp: ProducerStamp? {
        guard producerID >= 0 else { return nil }
        return ProducerStamp(
            kind: .kafka,
            id: withUnsafeBytes(of: producerID.bigEndian) { Array($0) },
            epoch: producerEpoch,
            firstSequence: Int64(baseSequence),
            lastSequence: Int64(lastSequence)
        )
    }
}

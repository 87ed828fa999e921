import NIOCore

/// The answer to Produce, partition by partition.
struct KafkaProduceReply {
    /// What became of the records of one partition.
    struct Outcome: Equatable {
        var error = KafkaErrorCode.none
        /// The offset of the first record.
        var offset: Int64 = -1
        var message: String?
        /// Records that were refused, by their place in the request.
        var refused: [Refused] = []

        static func failure(_ fault: KafkaFault) -> Outcome {
            Outcome(error: fault.code, message: fault.message)
        }
    }

    struct Refused: Equatable {
        let index: Int32
        let reason: String
    }

    static func make(
        _ request: KafkaProduceRequest,
        _ outcomes: [[Outcome]],
        throttleMilliseconds: Int32
    ) -> ByteBuffer {
        let version = request.header.version
        var writer = KafkaWriter(answering: request.header, capacity: 128)
        writer.count(outcomes.count)
        for (topic, outcomes) in zip(request.topics, outcomes) {
            writer.string(topic.name)
            writer.count(outcomes.count)
            for (partition, outcome) in zip(topic.partitions, outcomes) {
                write(outcome, of: partition.index, version, to: &writer)
            }
            writer.tags()
        }
        if version >= 1 { writer.integer(throttleMilliseconds) }
        writer.tags()
        return writer.finish()
    }

    private static func write(_ outcome: Outcome, of index: Int32, _ version: Int16, to writer: inout KafkaWriter) {
        writer.integer(index)
        writer.error(outcome.error)
        writer.integer(outcome.offset)
        // When the log stamped the records: their own times are kept.
        if version >= 2 { writer.integer(Int64(-1)) }
        if version >= 5 { writer.integer(Int64(outcome.error == .none ? 0 : -1)) }
        if version >= 8 {
            writer.array(outcome.refused) { writer, refused in
                writer.integer(refused.index)
                writer.string(refused.reason)
                writer.tags()
            }
            writer.string(outcome.message)
        }
        writer.tags()
    }
}

import NIOCore

/// What producers and consumers ask of coordinators: there is none, for there are neither groups nor transactions.
enum KafkaCoordinator {
    private static let group = KafkaFault(
        .groupAuthorizationFailed,
        "flare has no consumer groups: records go to the pipeline's bucket; read them there"
    )
    private static let transaction = KafkaFault(
        .transactionalIDAuthorizationFailed,
        "flare has no transactions: use an idempotent producer without a transactional id"
    )

    /// Answers FindCoordinator with an error that ends the search: after COORDINATOR_NOT_AVAILABLE clients would ask
    /// for ever.
    static func find(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> ByteBuffer {
        let version = header.version
        var keys: [String] = []
        if version < 4 { keys = [try reader.string()] }
        let isTransaction = version >= 1 ? try reader.integer(as: Int8.self) == 1 : false
        if version >= 4 { keys = try reader.array { reader throws(KafkaMalformed) in try reader.string() } }
        let fault = isTransaction ? transaction : group
        var writer = KafkaWriter(answering: header)
        if version >= 1 { writer.integer(Int32(0)) }
        if version < 4 {
            writer.error(fault.code)
            if version >= 1 { writer.string(fault.message) }
            nowhere(&writer)
        } else {
            writer.array(keys) { writer, key in
                writer.string(key)
                nowhere(&writer)
                writer.error(fault.code)
                writer.string(fault.message)
                writer.tags()
            }
        }
        writer.tags()
        return writer.finish()
    }

    private static func nowhere(_ writer: inout KafkaWriter) {
        writer.integer(Int32(-1))
        writer.string("")
        writer.integer(Int32(-1))
    }

    /// Answers AddPartitionsToTxn, AddOffsetsToTxn and EndTxn.
    static func transaction(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> ByteBuffer {
        var writer = KafkaWriter(answering: header)
        writer.integer(Int32(0))
        if header.api == .addPartitionsToTransaction {
            _ = try reader.string()
            try reader.skip(10)
            let topics = try reader.array { reader throws(KafkaMalformed) in
                let name = try reader.string()
                let partitions = try reader.array { reader throws(KafkaMalformed) in
                    try reader.integer(as: Int32.self)
                }
                try reader.skipTags()
                return (name, partitions)
            }
            writer.array(topics) { writer, topic in
                writer.string(topic.0)
                writer.array(topic.1) { writer, partition in
                    writer.integer(partition)
                    writer.error(transaction.code)
                    writer.tags()
                }
                writer.tags()
            }
        } else {
            writer.error(transaction.code)
        }
        writer.tags()
        return writer.finish()
    }
}

import NIOCore

/// Produce: records for partitions of topics.
struct KafkaProduceRequest {
    struct Topic {
        let name: String
        let partitions: [Partition]
    }

    struct Partition {
        let index: Int32
        /// Batches or message sets, not looked into yet.
        let records: ByteBuffer?
    }

    let header: KafkaRequestHeader
    let transaction: String?
    /// 0: no answer; 1 or -1: an answer once the records are durable.
    let acks: Int16
    let topics: [Topic]

    static func read(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> KafkaProduceRequest {
        let transaction = header.version >= 3 ? try reader.nullableString() : nil
        let acks = try reader.integer(as: Int16.self)
        // How long the broker may wait for its replicas.
        try reader.skip(4)
        let topics = try reader.array { reader throws(KafkaMalformed) in
            let name = try reader.string()
            let partitions = try reader.array { reader throws(KafkaMalformed) in
                let index = try reader.integer(as: Int32.self)
                let records = try reader.nullableBytes()
                try reader.skipTags()
                return Partition(index: index, records: records)
            }
            try reader.skipTags()
            return Topic(name: name, partitions: partitions)
        }
        try reader.skipTags()
        return KafkaProduceRequest(header: header, transaction: transaction, acks: acks, topics: topics)
    }
}

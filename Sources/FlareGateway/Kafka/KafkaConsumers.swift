import NIOCore

/// What consumers ask: records are not read from here but from the pipeline's bucket.
///
/// TOPIC_AUTHORIZATION_FAILED is the one code that the Java client, librdkafka and kafka-python all give to the
/// application at once, for Fetch as for ListOffsets; others they try again in silence.
enum KafkaConsumers {
    private static let error = KafkaErrorCode.topicAuthorizationFailed

    private struct Topic {
        let name: String
        let partitions: [Int32]
    }

    static func fetch(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> ByteBuffer {
        let version = header.version
        // Replica, longest wait, fewest bytes; most bytes; isolation level; session and its epoch.
        try reader.skip(12 + (version >= 3 ? 4 : 0) + (version >= 4 ? 1 : 0) + (version >= 7 ? 8 : 0))
        // Leader epoch; offset; first offset of the log; most bytes.
        let rest = (version >= 9 ? 4 : 0) + 8 + (version >= 5 ? 8 : 0) + 4
        let topics = try readTopics(&reader, skipping: rest)
        var writer = KafkaWriter(answering: header)
        if version >= 1 { writer.integer(Int32(0)) }
        if version >= 7 {
            writer.error(.none)
            writer.integer(Int32(0))
        }
        write(topics, to: &writer) { writer in
            // High watermark; last stable offset; first offset of the log; aborted transactions; preferred replica.
            writer.integer(Int64(-1))
            if version >= 4 { writer.integer(Int64(-1)) }
            if version >= 5 { writer.integer(Int64(-1)) }
            if version >= 4 { writer.count(0) }
            if version >= 11 { writer.integer(Int32(-1)) }
            writer.bytes([])
        }
        return writer.finish()
    }

    static func listOffsets(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> ByteBuffer {
        let version = header.version
        // Replica; isolation level.
        try reader.skip(4 + (version >= 2 ? 1 : 0))
        // Leader epoch; time; number of offsets.
        let topics = try readTopics(&reader, skipping: (version >= 4 ? 4 : 0) + 8 + (version == 0 ? 4 : 0))
        var writer = KafkaWriter(answering: header)
        if version >= 2 { writer.integer(Int32(0)) }
        write(topics, to: &writer) { writer in
            if version == 0 { return writer.count(0) }
            writer.integer(Int64(-1))
            writer.integer(Int64(-1))
            if version >= 4 { writer.integer(Int32(-1)) }
        }
        return writer.finish()
    }

    private static func readTopics(
        _ reader: inout KafkaReader,
        skipping rest: Int
    ) throws(KafkaMalformed) -> [Topic] {
        try reader.array { reader throws(KafkaMalformed) in
            let name = try reader.string()
            let partitions = try reader.array { reader throws(KafkaMalformed) in
                let partition = try reader.integer(as: Int32.self)
                try reader.skip(rest)
                return partition
            }
            return Topic(name: name, partitions: partitions)
        }
    }

    private static func write(
        _ topics: [Topic],
        to writer: inout KafkaWriter,
        rest: (inout KafkaWriter) -> Void
    ) {
        writer.array(topics) { writer, topic in
            writer.string(topic.name)
            writer.array(topic.partitions) { writer, partition in
                writer.integer(partition)
                writer.error(error)
                rest(&writer)
            }
        }
    }
}

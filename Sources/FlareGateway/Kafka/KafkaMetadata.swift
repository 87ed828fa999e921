import FlareModel
import NIOCore

/// Metadata: which topics there are, and where they are.
enum KafkaMetadata {
    private struct Topic {
        var name: String?
        var error = KafkaErrorCode.none
    }

    static func reply(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> ByteBuffer {
        let version = header.version
        let topics = try asked(&reader, version, broker)
        var writer = KafkaWriter(answering: header, capacity: 128 + 64 * topics.count)
        if version >= 3 { writer.integer(Int32(0)) }
        writer.count(1)
        writer.integer(KafkaBroker.nodeID)
        writer.string(broker.host)
        writer.integer(broker.port)
        if version >= 1 { writer.string(nil) }
        writer.tags()
        if version >= 2 { writer.string(KafkaBroker.clusterID) }
        if version >= 1 { writer.integer(KafkaBroker.nodeID) }
        writer.array(topics) { write($1, version, to: &$0) }
        if (8...10).contains(version) { writer.integer(noOperations) }
        writer.tags()
        return writer.finish()
    }

    /// "Authorized operations" that nobody asked for.
    private static let noOperations = Int32.min

    /// The topics to tell of: those named, or all.
    private static func asked(
        _ reader: inout KafkaReader,
        _ version: Int16,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> [Topic] {
        guard let count = try reader.nullableCount(), count > 0 || version >= 1 else {
            // No array, or an empty one in version 0, asks for all.
            return broker.topics().map { Topic(name: $0) }
        }
        guard count > 0 else { return [] }
        let known = Set(broker.topics())
        var topics: [Topic] = []
        for _ in 0..<count {
            if version >= 10 { try reader.skip(16) }
            let name = version >= 10 ? try reader.nullableString() : try reader.string()
            try reader.skipTags()
            topics.append(Topic(name: name, error: error(of: name, known)))
        }
        return topics
    }

    private static func error(of name: String?, _ known: Set<String>) -> KafkaErrorCode {
        guard let name else { return .unknownTopicID }
        if known.contains(name) { return .none }
        // A name that no pipeline can ever have fails at once instead of after a minute of asking again.
        do { try NameRule.pipeline.validate(name) } catch { return .invalidTopic }
        return .unknownTopicOrPartition
    }

    private static func write(_ topic: Topic, _ version: Int16, to writer: inout KafkaWriter) {
        writer.error(topic.error)
        writer.string(version >= 12 ? topic.name : topic.name ?? "")
        if version >= 10 { writer.noUUID() }
        if version >= 1 { writer.bool(false) }
        writer.count(topic.error == .none ? 1 : 0)
        if topic.error == .none {
            writer.error(.none)
            writer.integer(KafkaBroker.partition)
            writer.integer(KafkaBroker.nodeID)
            if version >= 7 { writer.integer(Int32(-1)) }
            writer.numbers([KafkaBroker.nodeID])
            writer.numbers([KafkaBroker.nodeID])
            if version >= 5 { writer.numbers([]) }
            writer.tags()
        }
        if version >= 8 { writer.integer(noOperations) }
        writer.tags()
    }
}

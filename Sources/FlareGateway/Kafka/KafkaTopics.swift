import NIOCore

/// What administration tools and frameworks ask before they produce.
enum KafkaTopics {
    private static let topicResource: Int8 = 2

    /// Answers CreateTopics: a pipeline that exists is "already there", which programs that create their topic if it
    /// is missing are content with; others are created with the command line, for they need a bucket.
    static func create(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> ByteBuffer {
        let names = try reader.array { reader throws(KafkaMalformed) in
            let name = try reader.string()
            // Number of partitions and replicas.
            try reader.skip(6)
            _ = try reader.array { reader throws(KafkaMalformed) in
                try reader.skip(4)
                _ = try reader.array { reader throws(KafkaMalformed) in try reader.skip(4) }
            }
            _ = try reader.array { reader throws(KafkaMalformed) in
                _ = try reader.string()
                _ = try reader.nullableString()
            }
            return name
        }
        let known = Set(broker.topics())
        var writer = KafkaWriter(answering: header)
        if header.version >= 2 { writer.integer(Int32(0)) }
        writer.array(names) { writer, name in
            let exists = known.contains(name)
            writer.string(name)
            writer.error(exists ? .topicAlreadyExists : .policyViolation)
            guard header.version >= 1 else { return }
            writer.string(
                exists
                    ? "pipeline \"\(name)\" already exists"
                    : "topics are pipelines; create one with: flare pipelines create \(name)"
            )
        }
        return writer.finish()
    }

    /// Answers DescribeConfigs: nothing can be configured through Kafka.
    static func describeConfigs(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> ByteBuffer {
        let resources = try reader.array { reader throws(KafkaMalformed) in
            let type = try reader.integer(as: Int8.self)
            let name = try reader.string()
            _ = try reader.array { reader throws(KafkaMalformed) in _ = try reader.string() }
            return (type: type, name: name)
        }
        let known = Set(broker.topics())
        var writer = KafkaWriter(answering: header)
        writer.integer(Int32(0))
        writer.array(resources) { writer, resource in
            let isUnknown = resource.type == topicResource && !known.contains(resource.name)
            writer.error(isUnknown ? .unknownTopicOrPartition : .none)
            writer.string(isUnknown ? "pipeline \"\(resource.name)\" not found" : nil)
            writer.integer(resource.type)
            writer.string(resource.name)
            writer.count(0)
        }
        return writer.finish()
    }

    static func describeCluster(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> ByteBuffer {
        _ = try reader.bool()
        var writer = KafkaWriter(answering: header)
        writer.integer(Int32(0))
        writer.error(.none)
        writer.string(nil)
        writer.string(KafkaBroker.clusterID)
        writer.integer(KafkaBroker.nodeID)
        writer.count(1)
        writer.integer(KafkaBroker.nodeID)
        writer.string(broker.host)
        writer.integer(broker.port)
        writer.string(nil)
        writer.tags()
        writer.integer(Int32.min)
        writer.tags()
        return writer.finish()
    }
}

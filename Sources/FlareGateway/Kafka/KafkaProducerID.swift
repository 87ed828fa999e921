import NIOCore

/// InitProducerId: gives an idempotent producer the number it counts its batches under.
enum KafkaProducerID {
    /// A producer always gets a new number with the epoch 0, as from Kafka; what it held before is not looked at.
    ///
    /// Transactions are not supported. librdkafka and the Java client take TRANSACTIONAL_ID_AUTHORIZATION_FAILED as
    /// fatal for a transactional producer and fail at once; most other codes they try again until a time-out.
    static func action(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> KafkaConnection.Action {
        let transaction = try reader.nullableString()
        guard transaction != nil else { return .nextProducerID(header) }
        return .reply(reply(header, error: .transactionalIDAuthorizationFailed, id: -1))
    }

    static func reply(_ header: KafkaRequestHeader, error: KafkaErrorCode = .none, id: Int64) -> ByteBuffer {
        var writer = KafkaWriter(answering: header)
        writer.integer(Int32(0))
        writer.error(error)
        writer.integer(id)
        writer.integer(Int16(error == .none ? 0 : -1))
        writer.tags()
        return writer.finish()
    }
}

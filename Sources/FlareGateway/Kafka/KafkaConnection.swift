import NIOCore

/// The rules of one connection: a request goes in, what is to be done comes out.
///
/// No I/O and no clock. Throws `KafkaMalformed` when the connection must end without an answer.
struct KafkaConnection {
    enum Action {
        case reply(ByteBuffer)
        case replyThenClose(ByteBuffer)
        case produce(KafkaProduceRequest)
        /// Answered by `KafkaProducerID.reply` once there is a number.
        case nextProducerID(KafkaRequestHeader)
    }

    private let broker: KafkaBroker
    private var sasl = KafkaSASL()

    init(broker: KafkaBroker) {
        self.broker = broker
    }

    /// The password of the client: a token of the pipelines it writes to.
    var token: String? { sasl.token }

    /// Takes a whole request, without its length.
    mutating func receive(_ frame: ByteBuffer) throws(KafkaMalformed) -> Action {
        if sasl.expectsRawToken { return .reply(try sasl.takeRaw(frame, broker)) }
        var reader = KafkaReader(frame)
        let header = try KafkaRequestHeader.read(&reader)
        switch header.api {
        case .produce:
            return .produce(try KafkaProduceRequest.read(&reader, header))
        case .versions:
            return .reply(KafkaVersions.reply(header))
        case .metadata:
            return .reply(try KafkaMetadata.reply(&reader, header, broker))
        case .initProducerID:
            return try KafkaProducerID.action(&reader, header)
        case .saslHandshake:
            return .reply(try sasl.handshake(&reader, header))
        case .saslAuthenticate:
            return try sasl.authenticate(&reader, header, broker)
        case .findCoordinator:
            return .reply(try KafkaCoordinator.find(&reader, header))
        case .addPartitionsToTransaction, .addOffsetsToTransaction, .endTransaction:
            return .reply(try KafkaCoordinator.transaction(&reader, header))
        case .fetch:
            return .reply(try KafkaConsumers.fetch(&reader, header))
        case .listOffsets:
            return .reply(try KafkaConsumers.listOffsets(&reader, header))
        case .createTopics:
            return .reply(try KafkaTopics.create(&reader, header, broker))
        case .describeConfigs:
            return .reply(try KafkaTopics.describeConfigs(&reader, header, broker))
        case .describeCluster:
            return .reply(try KafkaTopics.describeCluster(&reader, header, broker))
        }
    }
}

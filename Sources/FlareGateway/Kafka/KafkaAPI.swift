/// The kinds of requests that are answered; others end the connection, as in Kafka.
///
/// Names, numbers and layouts: https://kafka.apache.org/protocol.html#protocol_api_keys and the message definitions
/// behind it. Fetch, ListOffsets and the coordinator's requests are answered with errors. They are listed all the same,
/// because librdkafka concludes from their versions which record formats and codecs a broker knows
/// (rdkafka_feature.c).
enum KafkaAPI: Int16, CaseIterable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case findCoordinator = 10
    case saslHandshake = 17
    case versions = 18
    case createTopics = 19
    case initProducerID = 22
    case addPartitionsToTransaction = 24
    case addOffsetsToTransaction = 25
    case endTransaction = 26
    case describeConfigs = 32
    case saslAuthenticate = 36
    case describeCluster = 60

    /// The versions that are understood.
    var versions: ClosedRange<Int16> {
        switch self {
        case .produce: 0...9
        case .fetch: 0...11
        case .listOffsets: 0...5
        case .metadata: 0...12
        case .findCoordinator: 0...4
        case .saslHandshake: 0...1
        case .versions: 0...3
        case .createTopics: 0...4
        case .initProducerID: 0...4
        case .addPartitionsToTransaction: 0...3
        case .addOffsetsToTransaction: 0...3
        case .endTransaction: 0...3
        case .describeConfigs: 0...3
        case .saslAuthenticate: 0...2
        case .describeCluster: 0...0
        }
    }

    /// The first version with compact lengths and tagged fields (KIP-482).
    private var flexibleFrom: Int16 {
        switch self {
        case .produce, .metadata: 9
        case .fetch: 12
        case .listOffsets: 6
        case .findCoordinator, .versions: 3
        case .createTopics: 5
        case .initProducerID, .saslAuthenticate: 2
        case .addPartitionsToTransaction, .addOffsetsToTransaction, .endTransaction: 3
        case .describeConfigs: 4
        case .describeCluster: 0
        case .saslHandshake: .max
        }
    }

    func isFlexible(_ version: Int16) -> Bool { version >= flexibleFrom }

    /// Whether the response's header has tagged fields.
    ///
    /// Never that of ApiVersions: a client that does not know this broker yet must be able to read it (KIP-511).
    func hasFlexibleReplyHeader(_ version: Int16) -> Bool { self != .versions && isFlexible(version) }
}

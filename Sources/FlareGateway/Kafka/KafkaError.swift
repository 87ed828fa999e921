import FlareModel

/// The codes that this broker answers.
///
/// https://kafka.apache.org/protocol.html#protocol_error_codes
enum KafkaErrorCode: Int16, Sendable {
    case unknownServerError = -1
    case none = 0
    case corruptMessage = 2
    case unknownTopicOrPartition = 3
    case messageTooLarge = 10
    case invalidTopic = 17
    case notEnoughReplicas = 19
    case invalidRequiredAcks = 21
    case topicAuthorizationFailed = 29
    case groupAuthorizationFailed = 30
    case unsupportedSASLMechanism = 33
    case illegalSASLState = 34
    case unsupportedVersion = 35
    case topicAlreadyExists = 36
    case invalidRequest = 42
    case policyViolation = 44
    case outOfOrderSequenceNumber = 45
    case invalidProducerEpoch = 47
    case invalidTransactionState = 48
    case transactionalIDAuthorizationFailed = 53
    case kafkaStorageError = 56
    case saslAuthenticationFailed = 58
    case unsupportedCompressionType = 76
    case invalidRecord = 87
    case unknownTopicID = 100
}

extension KafkaErrorCode {
    /// What a failure of a pipeline is called on Kafka's wire.
    ///
    /// Decisive is what producers do with a code. For `tooManyRequests` and a disk that is full they shall wait and
    /// send again: librdkafka sends again after 19 and 56 and knows that nothing was kept, but takes
    /// THROTTLING_QUOTA_EXCEEDED (89) as final (rd_kafka_err_action); Java and kafka-python have 19, 56 and 89 as
    /// retriable. A pipeline that is unknown is 3, after which all of them ask for the metadata again.
    init(_ code: FlareError.Code) {
        self =
            switch code {
            case .pipelineNotFound: .unknownTopicOrPartition
            case .tooManyRequests: .notEnoughReplicas
            case .diskFull, .storeFailed, .corruptStore: .kafkaStorageError
            case .sequenceGap: .outOfOrderSequenceNumber
            case .producerFenced: .invalidProducerEpoch
            case .invalidData, .idempotencyKeyReused: .invalidRecord
            case .bodyTooLarge, .recordTooLarge: .messageTooLarge
            case .unauthorized, .permissionDenied: .topicAuthorizationFailed
            case .invalidName: .invalidTopic
            default: .unknownServerError
            }
    }

    /// Whether the client is asked to wait before it sends anything again.
    var isThrottled: Bool { self == .notEnoughReplicas || self == .kafkaStorageError }
}

/// Why a request or the records of one partition are refused, for the client.
struct KafkaFault: Error, Equatable {
    let code: KafkaErrorCode
    let message: String

    init(_ code: KafkaErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: FlareError) {
        self.init(KafkaErrorCode(error.code), error.description)
    }
}

/// A request that does not follow the protocol: as in Kafka, its connection ends without an answer.
struct KafkaMalformed: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

import NIOCore

/// The log-in of a client: SASL PLAIN, whose password is a token of a pipeline and whose user name is free.
///
/// https://kafka.apache.org/protocol.html#sasl_handshake and RFC 4616. Which pipelines the token opens is asked when
/// records come for one.
struct KafkaSASL {
    private static let mechanism = "PLAIN"

    private(set) var token: String?
    /// After a handshake of version 0 the client sends its password outside of any request.
    private(set) var expectsRawToken = false

    mutating func handshake(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader
    ) throws(KafkaMalformed) -> ByteBuffer {
        let isSupported = try reader.string() == Self.mechanism
        expectsRawToken = isSupported && header.version == 0
        var writer = KafkaWriter(answering: header)
        writer.error(isSupported ? .none : .unsupportedSASLMechanism)
        writer.array([Self.mechanism]) { $0.string($1) }
        return writer.finish()
    }

    /// Answers SaslAuthenticate; the connection ends when no pipeline has this token.
    mutating func authenticate(
        _ reader: inout KafkaReader,
        _ header: KafkaRequestHeader,
        _ broker: KafkaBroker
    ) throws(KafkaMalformed) -> KafkaConnection.Action {
        let isAccepted = take(try reader.nullableBytes(), broker)
        var writer = KafkaWriter(answering: header)
        writer.error(isAccepted ? .none : .saslAuthenticationFailed)
        writer.string(isAccepted ? nil : "the password is not a token of any pipeline")
        writer.bytes([])
        // The log-in never runs out.
        if header.version >= 1 { writer.integer(Int64(0)) }
        writer.tags()
        return isAccepted ? .reply(writer.finish()) : .replyThenClose(writer.finish())
    }

    /// Takes a password without a request around it; the answer is an empty token.
    mutating func takeRaw(_ bytes: ByteBuffer, _ broker: KafkaBroker) throws(KafkaMalformed) -> ByteBuffer {
        expectsRawToken = false
        guard take(bytes, broker) else { throw KafkaMalformed("the password is not a token of any pipeline") }
        return ByteBuffer(integer: Int32(0))
    }

    /// Reads `authorization id NUL user NUL password`.
    private mutating func take(_ bytes: ByteBuffer?, _ broker: KafkaBroker) -> Bool {
        let parts = (bytes?.readableBytesView ?? ByteBufferView()).split(
            separator: 0,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, let password = String(validating: parts[2], as: UTF8.self), broker.isToken(password)
        else { return false }
        token = password
        return true
    }
}

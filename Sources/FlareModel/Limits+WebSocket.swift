/// Bounds of ingest over WebSocket.
extension Limits {
    /// One WebSocket message, in bytes, however many frames it comes in.
    ///
    /// Sixteen of the largest records; more belong in several messages, so that their answers can come early.
    package static let webSocketMessageBytesMax = 16_777_216

    /// Bytes of messages that one connection may have unanswered before it is read no further: two of the largest.
    package static let webSocketWaitingBytesMax = 33_554_432

    /// Messages that one connection may have unanswered before it is read no further.
    package static let webSocketWaitingMessagesMax = 65_536

    /// The name that a client gives itself to resume, in bytes of printable ASCII.
    package static let webSocketProducerBytesMax = 128

    /// Seconds without a byte from a client before it is pinged.
    package static let webSocketPingSeconds = 30

    /// Pings in a row that a client may leave without an answer before its connection is closed.
    package static let webSocketPingsMissedMax = 2

    /// Seconds that a client has to end its side of the connection after the close frame.
    package static let webSocketLingerSeconds = 2
}

import FlareModel
import NIOCore

/// Cuts the bytes of a connection into requests: each stands behind its length in 32 bits.
///
/// Holds at most one request that is not complete, and what was read together with its end.
struct KafkaFrames {
    private var received = ByteBuffer()

    /// What the next bytes are.
    enum Next: Equatable {
        case request(ByteBuffer)
        /// More bytes are needed; the length of the request is known once its first four have come.
        case incomplete(length: Int?)
        case tooLarge(length: Int)
    }

    /// Whether a request has begun and not ended.
    var isInside: Bool { received.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.discardReadBytes()
            received.writeImmutableBuffer(bytes)
        }
    }

    mutating func next() -> Next {
        guard let length = received.getInteger(at: received.readerIndex, as: Int32.self) else {
            if received.readableBytes == 0 { received = ByteBuffer() }
            return .incomplete(length: nil)
        }
        guard length >= 0, length <= Limits.kafkaRequestBytesMax else { return .tooLarge(length: Int(length)) }
        // Only requests with records may be large; their kind follows the length.
        if length > Limits.kafkaControlRequestBytesMax,
            let api = received.getInteger(at: received.readerIndex + 4, as: Int16.self),
            api != KafkaAPI.produce.rawValue
        {
            return .tooLarge(length: Int(length))
        }
        guard received.readableBytes >= 4 + Int(length) else { return .incomplete(length: Int(length)) }
        received.moveReaderIndex(forwardBy: 4)
        guard let request = received.readSlice(length: Int(length)) else { return .incomplete(length: Int(length)) }
        return .request(request)
    }

    mutating func removeAll() {
        received = ByteBuffer()
    }
}

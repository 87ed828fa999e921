import FlareModel
import NIOCore

/// The bytes of a client's frame before its payload.
struct WebSocketFrameHead: Equatable {
    let opcode: WebSocketOpcode
    let isFinal: Bool
    let payloadBytes: Int
    /// Of head and masking key together.
    let headBytes: Int

    /// Reads and checks a head at the front of `input`, as far as it is there; nil until it is there in full.
    ///
    /// Throws as soon as the bytes that are there break a rule. No extension is ever agreed on, permessage-deflate
    /// neither: JSON in batches compresses better on the way to the bucket, and a window per connection costs memory.
    static func peek(_ input: ByteBuffer) throws(WebSocketClose) -> WebSocketFrameHead? {
        let start = input.readerIndex
        guard let first = input.getInteger(at: start, as: UInt8.self) else { return nil }
        guard first & 0x70 == 0 else { throw .protocolError("a reserved bit is set, and no extension was agreed on") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw .protocolError("the opcode \(first & 0x0F) is reserved")
        }
        let isFinal = first & 0x80 != 0
        guard isFinal || !opcode.isControl else { throw .protocolError("a control frame may not be fragmented") }
        guard let second = input.getInteger(at: start + 1, as: UInt8.self) else { return nil }
        guard second & 0x80 != 0 else { throw .protocolError("frames of a client must be masked") }
        let short = Int(second & 0x7F)
        guard short <= 125 || !opcode.isControl else {
            throw .protocolError("a control frame has more than 125 bytes")
        }
        guard let (length, lengthBytes) = try length(short, in: input, at: start + 2) else { return nil }
        let headBytes = 2 + lengthBytes + 4
        guard input.readableBytes >= headBytes else { return nil }
        return WebSocketFrameHead(opcode: opcode, isFinal: isFinal, payloadBytes: length, headBytes: headBytes)
    }

    /// The payload's length in its shortest form, and how many bytes more than the short one it took.
    private static func length(
        _ short: Int,
        in input: ByteBuffer,
        at index: Int
    ) throws(WebSocketClose) -> (Int, Int)? {
        switch short {
        case 126:
            guard let length = input.getInteger(at: index, as: UInt16.self) else { return nil }
            guard length > 125 else { throw .protocolError("a length is not in its shortest form") }
            return (Int(length), 2)
        case 127:
            guard let length = input.getInteger(at: index, as: UInt64.self) else { return nil }
            guard length > UInt64(UInt16.max) else { throw .protocolError("a length is not in its shortest form") }
            guard length <= UInt64(Int64.max) else { throw .protocolError("a length has its highest bit set") }
            guard length <= UInt64(Limits.webSocketMessageBytesMax) else { throw Self.messageTooLarge }
            return (Int(length), 8)
        default:
            return (short, 0)
        }
    }

    static var messageTooLarge: WebSocketClose {
        .tooLarge("a message is larger than the limit of \(Limits.webSocketMessageBytesMax) bytes")
    }
}

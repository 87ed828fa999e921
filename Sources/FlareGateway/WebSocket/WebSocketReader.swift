import CFlareSystem
import FlareModel
import NIOCore

/// Turns a client's bytes into messages and control frames, and enforces the rules of RFC 6455.
///
/// Stricter than NIOWebSocket's decoder, which lets reserved bits and opcodes, unmasked frames and lengths that are not
/// the shortest pass, and faster: bytes are unmasked where they lie, eight at a time, and a message in one frame is a
/// slice. https://www.rfc-editor.org/rfc/rfc6455#section-5
struct WebSocketReader {
    enum Event: Equatable {
        /// A complete message; of a text message it is known to be UTF-8.
        ///
        /// Let go of the bytes before the next event is asked for, or they are copied.
        case message(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        /// The client sends nothing after it.
        case close(WebSocketClose)
    }

    private var input = ByteBuffer()
    /// The frames so far of a message in several.
    private var fragments = ByteBuffer()
    /// What the first of these frames was; nil between messages.
    private var fragmentsOpcode: WebSocketOpcode?
    private var fragmentsAreASCII = true

    /// Bytes held here: of a frame or a message that is not complete.
    var bufferedBytes: Int { input.readableBytes + fragments.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input.clear()
        } else {
            input.discardReadBytes()
        }
        input.writeImmutableBuffer(bytes)
    }

    /// Gives memory back while the client is silent.
    mutating func shrink() {
        if bufferedBytes == 0 { input = ByteBuffer() }
    }

    /// The next event; nil until more bytes are there.
    ///
    /// Throws the close with which the connection fails; then nothing more may be asked.
    mutating func next() throws(WebSocketClose) -> Event? {
        while let head = try WebSocketFrameHead.peek(input) {
            try check(head)
            guard input.readableBytes >= head.headBytes + head.payloadBytes else { return nil }
            let isASCII = unmask(head)
            input.moveReaderIndex(forwardBy: head.headBytes)
            guard let payload = input.readSlice(length: head.payloadBytes) else { return nil }
            if let event = try take(payload, head, isASCII: isASCII) { return event }
        }
        return nil
    }

    /// What the order of frames and the limit say about a frame, before its payload has arrived.
    private func check(_ head: WebSocketFrameHead) throws(WebSocketClose) {
        if head.opcode.isControl { return }
        if head.opcode == .continuation {
            guard fragmentsOpcode != nil else { throw .protocolError("a continuation without a beginning") }
        } else {
            guard fragmentsOpcode == nil else { throw .protocolError("a message begins inside of another") }
        }
        guard fragments.readableBytes + head.payloadBytes <= Limits.webSocketMessageBytesMax else {
            throw WebSocketFrameHead.messageTooLarge
        }
    }

    /// Unmasks the payload in place and says whether it is ASCII.
    private mutating func unmask(_ head: WebSocketFrameHead) -> Bool {
        input.withUnsafeMutableReadableBytes { bytes in
            guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return true }
            let payload = base + head.headBytes
            return flare_websocket_unmask(payload, head.payloadBytes, payload - 4) < 0x80
        }
    }

    /// Returns nil for a frame that is only a part of its message.
    private mutating func take(
        _ payload: ByteBuffer,
        _ head: WebSocketFrameHead,
        isASCII: Bool
    ) throws(WebSocketClose) -> Event? {
        switch head.opcode {
        case .close: return .close(try WebSocketClose.read(payload))
        case .ping: return .ping(payload)
        case .pong: return .pong
        case .text, .binary:
            if head.isFinal { return try Self.message(payload, isText: head.opcode == .text, isASCII: isASCII) }
            fragmentsOpcode = head.opcode
            fragments.writeImmutableBuffer(payload)
            fragmentsAreASCII = isASCII
            return nil
        case .continuation:
            fragments.writeImmutableBuffer(payload)
            fragmentsAreASCII = fragmentsAreASCII && isASCII
            guard head.isFinal else { return nil }
            let whole = fragments
            let isText = fragmentsOpcode == .text
            fragments = ByteBuffer()
            fragmentsOpcode = nil
            return try Self.message(whole, isText: isText, isASCII: fragmentsAreASCII)
        }
    }

    private static func message(
        _ bytes: ByteBuffer,
        isText: Bool,
        isASCII: Bool
    ) throws(WebSocketClose) -> Event {
        if isText, !isASCII {
            let isValid = bytes.withUnsafeReadableBytes { String(validating: $0, as: UTF8.self) != nil }
            guard isValid else { throw .invalidData("a text message is not UTF-8") }
        }
        return .message(bytes)
    }
}

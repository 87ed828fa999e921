import NIOCore

/// The bytes of frames to a client: unmasked, whole.
enum WebSocketWriter {
    /// One frame; `bytes` is appended to what is to be sent.
    static func write(_ opcode: WebSocketOpcode, _ payload: ByteBuffer, to bytes: inout ByteBuffer) {
        bytes.writeInteger(0x80 | opcode.rawValue)
        let count = payload.readableBytes
        switch count {
        case ...125:
            bytes.writeInteger(UInt8(count))
        case ...Int(UInt16.max):
            bytes.writeInteger(UInt8(126))
            bytes.writeInteger(UInt16(count))
        default:
            bytes.writeInteger(UInt8(127))
            bytes.writeInteger(UInt64(count))
        }
        bytes.writeImmutableBuffer(payload)
    }

    /// The close frame; a reason that does not fit is cut between characters.
    static func write(_ close: WebSocketClose, to bytes: inout ByteBuffer) {
        var payload = ByteBuffer()
        if let code = close.code {
            payload.writeInteger(code)
            for character in close.reason where payload.readableBytes + character.utf8.count <= 125 {
                payload.writeString(String(character))
            }
        }
        write(.close, payload, to: &bytes)
    }
}

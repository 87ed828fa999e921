import FlareModel

/// Reads the acknowledgements of a WebSocket: text frames with how many messages and records each one covers.
struct WebSocketAnswers: AnswerReader {
    let opening: [UInt8]

    /// - Parameter path: such as `/PIPELINE`.
    init(address: ServerAddress, path: String) {
        opening = Array(
            """
            GET \(path) HTTP/1.1\r\nhost: \(address.host):\(address.port)\r\nconnection: Upgrade\r\n\
            upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
            """.utf8
        )
    }

    func isOpen(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        guard bytes.firstIndex(of: "\r\n\r\n") != nil else { return false }
        guard bytes.holds("HTTP/1.1 101", at: 0) else {
            throw FlareError(.runFailed, "the server answered: \(bytes.excerpt)")
        }
        return true
    }

    mutating func next(in bytes: UnsafeRawBufferPointer) throws -> Answer? {
        guard bytes.count >= 2 else { return nil }
        var start = 2
        var length = Int(bytes[1] & 0x7F)
        if length == 126 {
            guard bytes.count >= 4 else { return nil }
            length = Int(bytes[2]) << 8 | Int(bytes[3])
            start = 4
        }
        guard length < 126 || start == 4 else {
            throw FlareError(.runFailed, "the server sent a frame of more than 65535 bytes")
        }
        guard bytes.count >= start + length else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        switch bytes[0] {
        case 0x81:
            return try acknowledgement(payload, bytes: start + length)
        case 0x89, 0x8A:
            // A ping or its answer. A round is over before a server misses an answer.
            return Answer(bytes: start + length, messages: 0, records: 0)
        default:
            throw FlareError(.runFailed, "the server sent a frame that begins with \(bytes[0]): \(payload.excerpt)")
        }
    }

    private func acknowledgement(_ payload: UnsafeRawBufferPointer, bytes: Int) throws -> Answer {
        guard let committed = payload.firstIndex(of: "\"committed\":"),
            let messages = payload.firstIndex(of: "\"messages\":")
        else {
            throw FlareError(.runFailed, "the server sent no acknowledgement: \(payload.excerpt)")
        }
        let answer = Answer(
            bytes: bytes,
            messages: payload.number(at: messages + 11).value,
            records: payload.number(at: committed + 12).value
        )
        guard answer.records >= answer.messages, answer.messages > 0 else {
            throw FlareError(.runFailed, "the server refused records: \(payload.excerpt)")
        }
        return answer
    }
}

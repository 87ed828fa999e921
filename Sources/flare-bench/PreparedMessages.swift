/// Messages of equal length behind each other, as they go over the wire, sent round and round.
///
/// Nothing is built while a load runs: what a connection still has to send is a number of bytes, and where it stands
/// in these.
struct PreparedMessages: Sendable {
    let bytes: [UInt8]
    let messageBytes: Int

    var count: Int { bytes.count / messageBytes }

    init(_ messages: [[UInt8]]) {
        precondition(Set(messages.map(\.count)).count == 1, "prepared messages are of one length")
        bytes = Array(messages.joined())
        messageBytes = messages[0].count
    }

    /// HTTP/1.1 requests on a connection that stays open, one for each body.
    static func http(
        _ method: String,
        _ path: String,
        at address: ServerAddress,
        bodies: [[UInt8]]
    ) -> PreparedMessages {
        PreparedMessages(
            bodies.map { body in
                let head = """
                    \(method) \(path) HTTP/1.1\r\nhost: \(address.host):\(address.port)\r\n\
                    content-type: application/json\r\ncontent-length: \(body.count)\r\n\r\n
                    """
                return Array(head.utf8) + body
            }
        )
    }

    /// Masked WebSocket text frames, one for each record.
    static func webSocket(records: [[UInt8]]) -> PreparedMessages {
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return PreparedMessages(
            records.map { record in
                precondition(record.count < 65_536, "a frame of at most 65535 bytes")
                let length: [UInt8] =
                    record.count < 126
                    ? [0x80 | UInt8(record.count)]
                    : [0xFE, UInt8(record.count >> 8), UInt8(record.count & 0xFF)]
                return [0x81] + length + mask + record.enumerated().map { $1 ^ mask[$0 & 3] }
            }
        )
    }
}

/// What a frame is, by the low four bits of its first byte.
///
/// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
enum WebSocketOpcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue & 8 != 0 }
}

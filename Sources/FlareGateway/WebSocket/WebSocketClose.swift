import NIOCore

/// The end of a WebSocket connection as it is told to the other side.
///
/// https://www.rfc-editor.org/rfc/rfc6455#section-7.4
struct WebSocketClose: Error, Equatable {
    /// Nil stands for a close frame without a status, which is answered by one without.
    let code: UInt16?
    let reason: String

    init(_ code: UInt16?, _ reason: String = "") {
        self.code = code
        self.reason = reason
    }

    static func protocolError(_ reason: String) -> WebSocketClose { WebSocketClose(1002, reason) }
    static func invalidData(_ reason: String) -> WebSocketClose { WebSocketClose(1007, reason) }
    static func policy(_ reason: String) -> WebSocketClose { WebSocketClose(1008, reason) }
    static func tooLarge(_ reason: String) -> WebSocketClose { WebSocketClose(1009, reason) }
    static func failed(_ reason: String) -> WebSocketClose { WebSocketClose(1011, reason) }

    static let goingAway = WebSocketClose(1001, "the engine stops")
    static let tryLater = WebSocketClose(1013, "too many large messages at once; send again later")
    static let silent = WebSocketClose(1011, "no answer to pings")
    /// Of the range that is free for applications.
    static let superseded = WebSocketClose(4001, "superseded by a newer connection of this producer")

    /// What the client's close frame says.
    ///
    /// Throws the close that answers one which breaks the rules.
    static func read(_ payload: ByteBuffer) throws(WebSocketClose) -> WebSocketClose {
        guard payload.readableBytes > 0 else { return WebSocketClose(nil) }
        var payload = payload
        guard let code = payload.readInteger(as: UInt16.self) else {
            throw .protocolError("a close frame of one byte")
        }
        guard isAllowed(code) else { throw .protocolError("the close code \(code) may not be sent") }
        guard let reason = String(validating: payload.readableBytesView, as: UTF8.self) else {
            throw .invalidData("the reason of a close frame is not UTF-8")
        }
        return WebSocketClose(code, reason)
    }

    /// Whether a code may stand in a frame: registered ones, and those for libraries and applications.
    private static func isAllowed(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

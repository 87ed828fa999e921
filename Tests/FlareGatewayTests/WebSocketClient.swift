import FlareModel
import Foundation
import Testing

@testable import FlareGateway

/// The bytes of a client's frame.
func webSocketFrame(
    _ opcode: UInt8,
    _ payload: [UInt8] = [],
    isFinal: Bool = true,
    reserved: UInt8 = 0,
    isMasked: Bool = true,
    lengthBytes: Int? = nil,
    mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
) -> [UInt8] {
    let count = payload.count
    var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
    let lengthBytes = lengthBytes ?? (count <= 125 ? 0 : count <= 65_535 ? 2 : 8)
    let short = lengthBytes == 0 ? UInt8(count) : lengthBytes == 2 ? 126 : 127
    bytes.append(short | (isMasked ? 0x80 : 0))
    for index in (0..<lengthBytes).reversed() { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * index))) }
    guard isMasked else { return bytes + payload }
    if mask == [0, 0, 0, 0] { return bytes + mask + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

func webSocketText(_ text: String) -> [UInt8] { webSocketFrame(1, Array(text.utf8)) }

func webSocketClose(_ code: UInt16?, _ reason: String = "") -> [UInt8] {
    webSocketFrame(8, (code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? []) + Array(reason.utf8))
}

/// A client that speaks frames.
final class WebSocketClient {
    struct Frame: Equatable {
        let opcode: UInt8
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// The status of a close frame; 0 when it has none.
        var code: Int { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 0 }
        var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    private let socket: RawSocket
    private var received: [UInt8] = []
    /// How many bytes of `received` have been taken.
    private var taken = 0

    init(port: Int, bufferBytes: Int32? = nil) throws {
        socket = try RawSocket(port: port, bufferBytes: bufferBytes)
    }

    func write(_ bytes: [UInt8]) throws { try socket.write(bytes) }

    /// Writes as much as the server and the system take, at most all; returns how many bytes that was.
    func writeWhatFits(_ bytes: [UInt8], waitSeconds: Int = 1) -> Int {
        socket.writeWhatFits(bytes, waitSeconds: waitSeconds)
    }

    func send(_ text: String) throws { try write(webSocketText(text)) }

    func endWriting() { socket.endWriting() }

    /// Whether the server has ended its side, with nothing more to read.
    func isClosedByServer() -> Bool { taken == received.count && socket.isAtEnd() }

    func readHead() throws -> String {
        let mark = Array("\r\n\r\n".utf8)
        while received[taken...].firstRange(of: mark) == nil { try #require(readMore(), "no reply") }
        let end = try #require(received[taken...].firstRange(of: mark))
        defer { taken = end.upperBound }
        return String(decoding: received[taken..<end.lowerBound], as: UTF8.self)
    }

    /// The next frame, which must be as servers send them: whole and unmasked.
    func frame() throws -> Frame {
        try need(2)
        let (first, second) = (received[taken], received[taken + 1])
        try #require(first & 0xF0 == 0x80, "the server must send whole frames without reserved bits")
        try #require(second & 0x80 == 0, "the server must not mask")
        var count = Int(second)
        var head = 2
        if second >= 126 {
            head += second == 126 ? 2 : 8
            try need(head)
            count = received[(taken + 2)..<(taken + head)].reduce(0) { $0 << 8 | Int($1) }
        }
        try need(head + count)
        let start = taken + head
        taken = start + count
        return Frame(opcode: first & 0x0F, payload: Array(received[start..<taken]))
    }

    /// The next frame as an answer.
    func answer() throws -> JSONValue {
        let frame = try frame()
        try #require(frame.opcode == 1, "no text frame but \(frame.opcode) \(frame.code) \(frame.reason)")
        return try JSONValue(json: frame.payload)
    }

    /// Reads answers until they cover this many messages.
    func answers(messages: Int) throws -> [JSONValue] {
        var answers: [JSONValue] = []
        var covered = 0
        while covered < messages {
            let answer = try answer()
            covered += Int(answer.int("messages") ?? 0)
            answers.append(answer)
        }
        try #require(covered == messages)
        return answers
    }

    /// Reads on until the close frame and the end of the connection.
    func closeFrame() throws -> Frame {
        var frame = try frame()
        while frame.opcode != 8 { frame = try self.frame() }
        #expect(isClosedByServer())
        return frame
    }

    private func need(_ count: Int) throws {
        while received.count - taken < count { try #require(readMore(), "the connection ended") }
    }

    private func readMore() -> Bool {
        let more = socket.read()
        guard !more.isEmpty else { return false }
        received.removeFirst(taken)
        taken = 0
        received += more
        return true
    }
}

extension JSONValue {
    func int(_ name: String) -> Int64? {
        if case .integer(let value)? = self[name] { return value }
        return nil
    }
}

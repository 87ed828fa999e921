import NIOCore
import Testing

@testable import FlareGateway

@Suite("WebSocket frames")
struct WebSocketReaderTests {
    /// What the reader makes of bytes that arrive in pieces of this size.
    private func outcomes(of bytes: [UInt8], piece: Int) -> [WebSocketCase.Outcome] {
        var reader = WebSocketReader()
        var outcomes: [WebSocketCase.Outcome] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            reader.append(ByteBuffer(bytes: bytes[start..<min(start + piece, bytes.count)]))
            do throws(WebSocketClose) {
                while let event = try reader.next() {
                    switch event {
                    case .message(let bytes): outcomes.append(.message(bytes: bytes.readableBytes))
                    case .ping(let payload): outcomes.append(.pong(Array(payload.readableBytesView)))
                    case .pong: break
                    case .close(let close):
                        outcomes.append(.close(Int(close.code ?? 0)))
                        return outcomes
                    }
                }
            } catch {
                outcomes.append(.close(Int(error.code ?? 0)))
                return outcomes
            }
        }
        return outcomes
    }

    @Test("each case of the table ends as it must, whole and in pieces", arguments: WebSocketCase.all)
    func conformance(_ test: WebSocketCase) {
        #expect(outcomes(of: test.bytes, piece: max(test.bytes.count, 1)) == test.outcomes)
        #expect(outcomes(of: test.bytes, piece: 1_021) == test.outcomes)
        guard test.bytes.count < 100_000 else { return }
        #expect(outcomes(of: test.bytes, piece: 1) == test.outcomes)
    }

    @Test("payloads are unmasked at every length and alignment")
    func masks() throws {
        for count in 0...40 {
            for lead in 0...8 {
                let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + lead) }
                var reader = WebSocketReader()
                let first = webSocketFrame(9, [UInt8](repeating: 1, count: lead))
                reader.append(ByteBuffer(bytes: first + webSocketFrame(2, payload, mask: [1, 2, 0x83, 0xF4])))
                _ = try reader.next()
                #expect(try reader.next() == .message(ByteBuffer(bytes: payload)))
                #expect(reader.bufferedBytes == 0)
            }
        }
    }

    @Test("a message of the largest size passes, in one frame and in many")
    func largest() throws {
        let payload = [UInt8](repeating: 0x20, count: 16_777_216)
        #expect(
            outcomes(of: webSocketFrame(1, payload, mask: [0, 0, 0, 0]), piece: 262_144) == [
                .message(bytes: payload.count)
            ]
        )
        let half = Array(payload[..<8_388_608])
        let bytes =
            webSocketFrame(1, half, isFinal: false, mask: [0, 0, 0, 0]) + webSocketFrame(0, half, mask: [0, 0, 0, 0])
        #expect(outcomes(of: bytes, piece: 262_144) == [.message(bytes: payload.count)])
    }

    @Test("a frame that can only be wrong fails before its payload has come")
    func early() {
        for start: [UInt8] in [[0x91], [0x83], [0x09], [0x81, 0x05], [0x89, 0xFE], [0x80, 0x80, 1, 2, 3, 4]] {
            var reader = WebSocketReader()
            reader.append(ByteBuffer(bytes: start))
            #expect(throws: WebSocketClose.self) { try reader.next() }
        }
        var reader = WebSocketReader()
        reader.append(ByteBuffer(bytes: [0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1]))
        #expect(throws: WebSocketFrameHead.messageTooLarge) { try reader.next() }
    }

    @Test("bytes at random end in a close or wait for more, and nothing else")
    func random() {
        var generator = SplitMix(state: 7)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            // Half of them begin like a frame, so that more than the first two bytes are read.
            if bytes.count > 1, Bool.random(using: &generator) {
                bytes[0] = [0x81, 0x82, 0x01, 0x80, 0x88, 0x89][Int.random(in: 0..<6, using: &generator)]
                bytes[1] |= 0x80
            }
            #expect(outcomes(of: bytes, piece: 100) == outcomes(of: bytes, piece: 1))
        }
    }

    /// Random numbers that are the same in every run.
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    @Test("answers are written in the shortest form, reasons cut between characters")
    func writer() throws {
        for (count, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            var output = ByteBuffer()
            WebSocketWriter.write(.text, ByteBuffer(repeating: 0x2A, count: count), to: &output)
            #expect(output.readableBytes == head + count)
        }
        var output = ByteBuffer()
        WebSocketWriter.write(WebSocketClose(1008, String(repeating: "é", count: 100)), to: &output)
        #expect(output.readableBytes == 2 + 2 + 122)
        #expect(String(validating: output.readableBytesView.dropFirst(4), as: UTF8.self) != nil)
    }
}

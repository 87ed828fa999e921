import FlareModel
import NIOCore
import Testing

@testable import FlareWorkers

@Suite struct RunnerFrameTests {
    @Test func `a frame comes out as it went in, however the bytes arrive`() throws {
        let bytes = try RunnerFrame("call", ["id": .integer(7)], body: [1, 2, 3]).encoded()
        var buffer = ByteBuffer()
        for byte in bytes.readableBytesView.dropLast() {
            buffer.writeInteger(byte)
            let early = try RunnerFrameDecoder.next(from: &buffer)
            #expect(early == nil)
        }
        buffer.writeInteger(bytes.readableBytesView.last ?? 0)
        let frame = try #require(try RunnerFrameDecoder.next(from: &buffer))
        #expect(frame.type == "call")
        #expect(frame.header["id"] == .integer(7))
        #expect(Array(frame.body.readableBytesView) == [1, 2, 3])
        #expect(buffer.readableBytes == 0)
    }

    @Test(arguments: [
        (UInt32(3), UInt32(0), "x"),
        (UInt32.max, UInt32(2), "{}"),
        (UInt32(6), UInt32(100), "{}"),
        (UInt32(6), UInt32(2), "[]"),
        (UInt32(6), UInt32(2), "{]"),
    ])
    func `bytes that are no frame are an error`(total: UInt32, header: UInt32, text: String) {
        var buffer = ByteBuffer()
        buffer.writeInteger(total, endianness: .little)
        buffer.writeInteger(header, endianness: .little)
        buffer.writeString(text)
        let error = #expect(throws: FlareError.self) { try RunnerFrameDecoder.next(from: &buffer) }
        #expect(error?.message.contains("malformed frame") == true)
    }

    @Test func `a body over the limit is not sent`() {
        let frame = RunnerFrame("reply", body: [UInt8](repeating: 0, count: Limits.frameBytesMax))
        let error = #expect(throws: FlareError.self) { try frame.encoded() }
        #expect(error?.code == .bodyTooLarge)
    }
}

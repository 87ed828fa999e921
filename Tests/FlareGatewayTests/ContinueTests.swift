import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import FlareGateway

@Suite("clients that wait with their body")
struct ContinueTests {
    private let channel = EmbeddedChannel()

    init() throws {
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withErrorHandling: false
        )
        try channel.pipeline.syncOperations.addHandler(ContinueHandler.Installer())
    }

    /// Sends the head of a request.
    private func send(_ version: String = "HTTP/1.1", _ lines: String = "expect: 100-Continue\r\n") throws {
        let head = "PUT /a \(version)\r\nhost: x\r\ncontent-length: 1\r\n\(lines)\r\n"
        try channel.writeInbound(ByteBuffer(string: head))
    }

    /// What has been written since.
    private func written() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    private func answer() throws {
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "0"])
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    @Test("are told to go on, once for each request, and are answered as all others")
    func told() throws {
        for _ in 0..<2 {
            try send()
            #expect(try written() == "HTTP/1.1 100 Continue\r\n\r\n")
            try channel.writeInbound(ByteBuffer(string: "x"))
            try answer()
            #expect(try written() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        }
        _ = try channel.finish()
    }

    @Test("are told nothing that they do not ask for, do not know, or that would stand in another answer")
    func untold() throws {
        try send("HTTP/1.1", "")
        #expect(try written().isEmpty)
        try channel.writeInbound(ByteBuffer(string: "x"))
        try send()
        #expect(try written().isEmpty, "the request before is not answered yet")
        try channel.writeInbound(ByteBuffer(string: "x"))
        try answer()
        try answer()
        _ = try written()
        try send("HTTP/1.0")
        #expect(try written().isEmpty)
        try channel.writeInbound(ByteBuffer(string: "x"))
        _ = try channel.finish()
    }
}

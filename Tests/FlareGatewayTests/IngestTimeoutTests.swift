import FlareModel
import FlarePipelines
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing

@testable import FlareGateway

@Suite("slow clients of the ingest door")
struct IngestTimeoutTests {
    private func connection(_ f: IngestFixture) throws -> (EmbeddedChannel, IngestHandler) {
        let pipelines = f.pipelines
        let handler = IngestHandler(
            pipelines: pipelines,
            webSockets: WebSocketHandler.Surroundings(
                producers: WebSocketProducers(),
                bodiesBytes: Counter(),
                now: { pipelines.now() }
            ),
            scanners: MultiThreadedEventLoopGroup.singleton
        )
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([RequestRecogniser(handler), decoder, handler])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, handler)
    }

    private func written(_ channel: EmbeddedChannel) throws -> String {
        try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } ?? ""
    }

    @Test("a request that stalls is answered with 408 and closed")
    func stalled() async throws {
        try await IngestFixture.with { f in
            let (channel, handler) = try connection(f)
            try channel.writeInbound(ByteBuffer(string: "POST /orders HTTP/1.1\r\ncontent-length: 9\r\n\r\n{\"n\""))
            handler.checkTimeouts(at: .now() + .seconds(20))
            #expect(try written(channel) == "")
            handler.checkTimeouts(at: .now() + .seconds(31))
            #expect(try written(channel).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            handler.checkTimeouts(at: .now() + .seconds(60))
            #expect(!channel.isActive)
        }
    }

    @Test("a request that trickles for too long is closed, however alive it looks")
    func trickling() async throws {
        try await IngestFixture.with { f in
            let (channel, handler) = try connection(f)
            try channel.writeInbound(ByteBuffer(string: "POST /orders HTTP/1.1\r\ncontent-length: 9\r\n\r\n"))
            handler.checkTimeouts(at: .now() + .seconds(Int64(Limits.ingestRequestSecondsMax) + 1))
            #expect(try written(channel).hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test("a connection without requests is closed without a word")
    func idle() async throws {
        try await IngestFixture.with { f in
            let (channel, handler) = try connection(f)
            handler.checkTimeouts(at: .now() + .seconds(60))
            #expect(channel.isActive)
            handler.checkTimeouts(at: .now() + .seconds(76))
            #expect(try written(channel) == "")
            #expect(!channel.isActive)
        }
    }
}

import FlareModel
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import FlareGateway

@Suite("connections of the Kafka door")
struct KafkaConnectionTests {
    @Test(
        "what is no request of Kafka ends the connection",
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], [0xFF, 0xFF, 0xFF, 0xFF],
            [0x7F, 0xFF, 0xFF, 0xFF, 0, 0], [0x06, 0x40, 0, 1, 0, 0], [0x00, 0x10, 0, 1, 0, 3], [0, 0, 0, 0],
            [0, 0, 0, 2, 0, 3], [0, 0, 0, 10, 0, 99, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF],
        ] as [[UInt8]]
    )
    func garbage(bytes: [UInt8]) async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            try client.write(bytes)
            #expect(client.isClosedByServer())
            // The next client is not harmed.
            #expect(try f.connect().produce(KafkaSample().batch()).offset == 0)
        }
    }

    @Test("a request may come byte by byte")
    func slowly() async throws {
        try await KafkaFixture.with { f in
            let (channel, _) = try connection(f)
            var request = ByteBuffer()
            request.writeInteger(Int32(10))
            for value in [KafkaAPI.versions.rawValue, 0, 0, 9, -1] { request.writeInteger(value) }
            for byte in request.readableBytesView + request.readableBytesView {
                try channel.writeInbound(ByteBuffer(bytes: [byte]))
            }
            for _ in 0..<2 {
                var answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
                let length = answer.readInteger(as: Int32.self)
                #expect(length.map(Int.init) == answer.readableBytes)
                let number = answer.readInteger(as: Int32.self)
                #expect(number == 9)
            }
        }
    }

    @Test("answers that are due when the client ends its side are still sent, then the connection ends")
    func halfClosed() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            let first = try client.sendRecords(KafkaSample().batch())
            let second = try client.sendRecords(KafkaSample().batch())
            client.endWriting()
            #expect(try client.produceAnswer().correlation == first)
            #expect(try client.produceAnswer().correlation == second)
            #expect(client.isClosedByServer())
            #expect(f.endOffset == 2)
        }
    }

    @Test("a server that stops answers what it has begun and closes its connections")
    func stop() async throws {
        try await KafkaFixture.with { f in
            let idle = try f.connect()
            let busy = try f.connect()
            #expect(try idle.produce(KafkaSample().batch()).offset == 0)
            _ = try busy.produce(KafkaSample().batch())
            let number = try busy.sendRecords(KafkaSample().batch())
            await f.server.stop()
            // What had arrived is answered; what had not is not taken.
            if let answer = try? busy.produceAnswer() {
                #expect(answer.correlation == number)
                #expect(f.endOffset == 3)
                #expect(busy.isClosedByServer())
            } else {
                #expect(f.endOffset == 2)
            }
            #expect(idle.isClosedByServer())
        }
    }

    @Test("a request that stalls or trickles, and a connection that is silent, are closed")
    func timeouts() async throws {
        try await KafkaFixture.with { f in
            let stalled = try connection(f)
            try stalled.channel.writeInbound(ByteBuffer(bytes: [0, 0, 1, 0, 0]))
            stalled.handler.checkTimeouts(at: .now() + .seconds(20))
            #expect(stalled.channel.isActive)
            stalled.handler.checkTimeouts(at: .now() + .seconds(31))
            #expect(!stalled.channel.isActive)

            let idle = try connection(f)
            idle.handler.checkTimeouts(at: .now() + .seconds(500))
            #expect(idle.channel.isActive)
            idle.handler.checkTimeouts(at: .now() + .seconds(601))
            #expect(!idle.channel.isActive)
        }
    }

    @Test("large requests wait for memory, and go on when there is some")
    func memory() async throws {
        try await KafkaFixture.with { f in
            let counter = Counter()
            counter.add(Limits.kafkaArrivingBytesMax)
            let (channel, _) = try connection(f, counter)
            let loop = channel.embeddedEventLoop
            var start = ByteBuffer(integer: Int32(1_000_000))
            start.writeInteger(KafkaAPI.produce.rawValue)
            let reads = ReadCounter()
            try channel.pipeline.syncOperations.addHandler(reads, position: .first)
            try channel.writeInbound(start)
            channel.read()
            #expect(reads.count == 0)
            loop.advanceTime(by: .milliseconds(200))
            #expect(reads.count == 0)
            counter.subtract(Limits.kafkaArrivingBytesMax)
            loop.advanceTime(by: .milliseconds(200))
            #expect(reads.count == 1)
            #expect(counter.add(0) == 1_000_000)
            channel.close(promise: nil)
            loop.run()
            #expect(counter.add(0) == 0)
        }
    }

    @Test("memory for a request that is complete is not asked for again")
    func memoryOnce() async throws {
        try await KafkaFixture.with { f in
            let counter = Counter()
            counter.add(Limits.kafkaArrivingBytesMax)
            let (channel, _) = try connection(f, counter)
            let loop = channel.embeddedEventLoop
            // A whole request to a topic that does not exist, so that its answer needs no disk.
            let request = Self.request(to: "none", recordBytes: 100_000)
            try channel.writeInbound(#require(request.getSlice(at: 0, length: 1_000)))
            loop.advanceTime(by: .milliseconds(20))
            try channel.writeInbound(#require(request.getSlice(at: 1_000, length: 1_000)))
            counter.subtract(Limits.kafkaArrivingBytesMax)
            loop.advanceTime(by: .milliseconds(35))
            #expect(counter.add(0) == request.readableBytes - 4)
            try channel.writeInbound(#require(request.getSlice(at: 2_000, length: request.readableBytes - 2_000)))
            #expect(try channel.readOutbound(as: ByteBuffer.self) != nil)
            #expect(counter.add(0) == 0)
            loop.advanceTime(by: .milliseconds(200))
            #expect(counter.add(0) == 0)
            channel.close(promise: nil)
            loop.run()
        }
    }

    /// A Produce request of version 8, with its length.
    private static func request(to topic: String, recordBytes: Int) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeInteger(KafkaAPI.produce.rawValue)
        body.writeInteger(Int16(8))
        body.writeInteger(Int32(1))
        body.writeInteger(Int16(-1))
        body.writeInteger(Int16(-1))
        body.writeInteger(Int16(-1))
        body.writeInteger(Int32(1_000))
        body.writeInteger(Int32(1))
        body.writeInteger(Int16(topic.utf8.count))
        body.writeString(topic)
        body.writeInteger(Int32(1))
        body.writeInteger(Int32(0))
        body.writeInteger(Int32(recordBytes))
        body.writeRepeatingByte(0, count: recordBytes)
        var frame = ByteBuffer(integer: Int32(body.readableBytes))
        frame.writeImmutableBuffer(body)
        return frame
    }

    /// A connection without a socket, whose clock the test moves.
    private func connection(
        _ f: KafkaFixture,
        _ counter: Counter = Counter()
    ) throws -> (channel: EmbeddedChannel, handler: KafkaHandler) {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let handler = KafkaHandler(pipelines: f.pipelines, arrivingBytes: counter, logger: logger)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, handler)
    }

    /// Counts how often a connection wants to read.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var count = 0

        func read(context: ChannelHandlerContext) {
            count += 1
            context.read()
        }
    }
}

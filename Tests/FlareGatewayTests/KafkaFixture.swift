import FlareModel
import FlarePipelines
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import FlareGateway

/// A Kafka server on a free port, with the pipeline `orders`.
struct KafkaFixture {
    let ingest: IngestFixture
    let server: KafkaServer
    let port: Int

    static func with(_ body: (KafkaFixture) async throws -> Void) async throws {
        try await IngestFixture.with { ingest in
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let server = KafkaServer(
                pipelines: ingest.pipelines,
                group: MultiThreadedEventLoopGroup.singleton,
                logger: logger
            )
            let port = try await server.start(host: "127.0.0.1", port: 0)
            do {
                try await body(KafkaFixture(ingest: ingest, server: server, port: port))
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }
    }

    var pipelines: PipelineService { ingest.pipelines }
    var endOffset: Int64 { ingest.endOffset }

    func connect() throws -> KafkaClient { try KafkaClient(port: port) }
}

/// What a broker said about one partition.
struct KafkaAnswer: Equatable {
    var error: KafkaErrorCode?
    var offset: Int64
    var message: String?
    var refused: [Int32]
}

/// A client that speaks Produce version 8.
final class KafkaClient {
    private let socket: RawSocket
    private var correlation: Int32 = 0

    init(port: Int) throws { socket = try RawSocket(port: port) }

    // MARK: Bytes

    func write(_ bytes: [UInt8]) throws { try socket.write(bytes) }

    func endWriting() { socket.endWriting() }

    func isClosedByServer() -> Bool { socket.isAtEnd() }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = socket.read(atMost: count - bytes.count)
            // Thrown, not required: a test may go on with it.
            guard !more.isEmpty else { throw KafkaMalformed("the server has closed the connection") }
            bytes += more
        }
        return bytes
    }

    // MARK: Requests

    /// Sends a request and returns its number.
    @discardableResult
    func send(_ api: KafkaAPI, version: Int16, body: ByteBuffer) throws -> Int32 {
        correlation += 1
        var request = ByteBuffer()
        request.writeInteger(api.rawValue)
        request.writeInteger(version)
        request.writeInteger(correlation)
        request.writeInteger(Int16(4))
        request.writeString("test")
        request.writeImmutableBuffer(body)
        try write(framed(request))
        return correlation
    }

    func framed(_ request: ByteBuffer) -> [UInt8] {
        var frame = ByteBuffer(integer: Int32(request.readableBytes))
        frame.writeImmutableBuffer(request)
        return Array(frame.readableBytesView)
    }

    /// The next answer: its number, and its body.
    func answer() throws -> (correlation: Int32, body: KafkaReader) {
        var length = ByteBuffer(bytes: try read(4))
        guard let count = length.readInteger(as: Int32.self) else { throw KafkaMalformed("no length") }
        var reader = KafkaReader(ByteBuffer(bytes: try read(Int(count))))
        return (try reader.integer(), reader)
    }

    func sendRecords(
        _ records: [UInt8]?,
        to topic: String = "orders",
        partition: Int32 = 0,
        acks: Int16 = -1,
        transaction: String? = nil
    ) throws -> Int32 {
        var body = ByteBuffer()
        body.writeInteger(Int16(transaction?.utf8.count ?? -1))
        body.writeString(transaction ?? "")
        body.writeInteger(acks)
        body.writeInteger(Int32(1_000))
        body.writeInteger(Int32(1))
        body.writeInteger(Int16(topic.utf8.count))
        body.writeString(topic)
        body.writeInteger(Int32(1))
        body.writeInteger(partition)
        body.writeInteger(Int32(records?.count ?? -1))
        body.writeBytes(records ?? [])
        return try send(.produce, version: 8, body: body)
    }

    func produceAnswer() throws -> (correlation: Int32, partition: KafkaAnswer) {
        var (number, body) = try answer()
        _ = try body.integer(as: Int32.self)
        _ = try body.string()
        _ = try body.integer(as: Int32.self)
        _ = try body.integer(as: Int32.self)
        var partition = KafkaAnswer(error: KafkaErrorCode(rawValue: try body.integer()), offset: 0, refused: [])
        partition.offset = try body.integer()
        try body.skip(16)
        partition.refused = try body.array { body throws(KafkaMalformed) in
            let index = try body.integer(as: Int32.self)
            _ = try body.nullableString()
            return index
        }
        partition.message = try body.nullableString()
        return (number, partition)
    }

    /// Sends records and waits for the answer.
    func produce(
        _ records: [UInt8]?,
        to topic: String = "orders",
        partition: Int32 = 0,
        acks: Int16 = -1,
        transaction: String? = nil
    ) throws -> KafkaAnswer {
        let number = try sendRecords(records, to: topic, partition: partition, acks: acks, transaction: transaction)
        let answer = try produceAnswer()
        #expect(answer.correlation == number)
        return answer.partition
    }

    /// Logs in with SASL PLAIN and returns the error.
    func logIn(_ password: String) throws -> KafkaErrorCode? {
        var handshake = ByteBuffer(integer: Int16(5))
        handshake.writeString("PLAIN")
        try send(.saslHandshake, version: 1, body: handshake)
        _ = try answer()
        var login = ByteBuffer(integer: Int32(password.utf8.count + 4))
        login.writeString("\0me\0\(password)")
        try send(.saslAuthenticate, version: 1, body: login)
        var (_, body) = try answer()
        return KafkaErrorCode(rawValue: try body.integer())
    }
}

import FlareModel
import Foundation
import NIOCore
import Testing

@testable import FlareGateway

@Suite("Kafka requests and answers, byte by byte")
struct KafkaGoldenTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let api: String
        let version: Int
        let request: [UInt8]
        let answer: [UInt8]

        var testDescription: String { "\(api) v\(version)" }

        static let all: [Golden] = KafkaGoldens.lines.split(separator: "\n").map { line in
            let parts = line.split(separator: "|").map(String.init)
            return Golden(
                api: parts[0],
                version: Int(parts[1]) ?? -1,
                request: Array(Data(base64Encoded: parts[2]) ?? Data()),
                answer: Array(Data(base64Encoded: parts[3]) ?? Data())
            )
        }
    }

    static let broker = KafkaBroker(
        host: "127.0.0.1",
        port: 9092,
        topics: { ["orders", "visits"] },
        isToken: { $0 == "secret" }
    )

    static func answer(_ action: KafkaConnection.Action) -> ByteBuffer {
        switch action {
        case .reply(let reply), .replyThenClose(let reply): return reply
        case .nextProducerID(let header): return KafkaProducerID.reply(header, id: 4_000)
        case .produce(let request):
            let bad = KafkaProduceReply.Outcome(
                error: .invalidRecord,
                message: "first",
                refused: [.init(index: 3, reason: "bad")]
            )
            let full = KafkaProduceReply.Outcome(error: .notEnoughReplicas, message: "full")
            return KafkaProduceReply.make(request, [[.init(offset: 12)], [bad, full]], throttleMilliseconds: 1_000)
        }
    }

    @Test("every version of every API is read and answered as Kafka's definitions say", arguments: Golden.all)
    func golden(_ golden: Golden) throws {
        var connection = KafkaConnection(broker: Self.broker)
        let action = try connection.receive(ByteBuffer(bytes: golden.request))
        var answer = Self.answer(action)
        let length = answer.readInteger(as: Int32.self)
        #expect(length.map(Int.init) == golden.answer.count, "the length is wrong")
        #expect(Array(answer.readableBytesView) == golden.answer)
    }

    @Test("every version that is announced has an example")
    func complete() {
        for api in KafkaAPI.allCases {
            for version in api.versions {
                #expect(Golden.all.contains { $0.api == "\(api)" && $0.version == Int(version) }, "\(api) v\(version)")
            }
        }
    }

    @Test("a Produce request keeps all its parts")
    func produce() throws {
        for golden in Golden.all where golden.api == "produce" {
            var connection = KafkaConnection(broker: Self.broker)
            guard case .produce(let request) = try connection.receive(ByteBuffer(bytes: golden.request)) else {
                Issue.record("\(golden.testDescription) was not taken as Produce")
                continue
            }
            #expect(request.acks == -1)
            #expect(request.transaction == nil)
            #expect(request.topics.map(\.name) == ["orders", "visits"])
            #expect(request.topics[0].partitions.map(\.records) == [ByteBuffer(string: "abc")])
            #expect(request.topics[1].partitions.map(\.index) == [0, 1])
            #expect(request.topics[1].partitions.map(\.records) == [ByteBuffer(), nil])
        }
    }

    @Test("a request that is cut off anywhere, or holds anything behind its header, never traps")
    func cutOff() {
        for golden in Golden.all {
            for length in 0..<golden.request.count {
                var connection = KafkaConnection(broker: Self.broker)
                _ = try? connection.receive(ByteBuffer(bytes: golden.request[..<length]))
            }
        }
    }

    @Test("lengths that make no sense end the connection", arguments: [-2, Int32.min, Int32.max, 10_001])
    func lengths(count: Int32) {
        for version in Int16(0)...8 {
            var request = ByteBuffer()
            request.writeInteger(KafkaAPI.metadata.rawValue)
            request.writeInteger(version)
            request.writeInteger(Int32(1))
            request.writeInteger(Int16(-1))
            request.writeInteger(count)
            var connection = KafkaConnection(broker: Self.broker)
            #expect(throws: KafkaMalformed.self) { try connection.receive(request) }
        }
    }

    @Test("unknown APIs and versions end the connection", arguments: [(9, 0), (11, 3), (999, 0), (3, 13), (0, -1)])
    func unknown(api: Int, version: Int) {
        var request = ByteBuffer()
        request.writeInteger(Int16(api))
        request.writeInteger(Int16(version))
        request.writeInteger(Int32(1))
        request.writeInteger(Int16(-1))
        var connection = KafkaConnection(broker: Self.broker)
        #expect(throws: KafkaMalformed.self) { try connection.receive(request) }
    }

    @Test("Metadata without names tells of all topics, with an empty list of none but in version 0")
    func allTopics() throws {
        func names(_ version: Int16, count: Int32) throws -> Bool {
            var request = ByteBuffer()
            request.writeInteger(KafkaAPI.metadata.rawValue)
            request.writeInteger(version)
            request.writeInteger(Int32(1))
            request.writeInteger(Int16(-1))
            request.writeInteger(count)
            var connection = KafkaConnection(broker: Self.broker)
            let reply = Self.answer(try connection.receive(request))
            return reply.readableBytesView.firstRange(of: Array("visits".utf8)) != nil
        }
        #expect(try names(0, count: 0))
        #expect(try names(1, count: -1))
        #expect(try !names(1, count: 0))
    }

    @Test("a handshake of version 0 is followed by a bare password")
    func rawToken() throws {
        var handshake = ByteBuffer()
        handshake.writeInteger(KafkaAPI.saslHandshake.rawValue)
        handshake.writeInteger(Int16(0))
        handshake.writeInteger(Int32(1))
        handshake.writeInteger(Int16(-1))
        handshake.writeInteger(Int16(5))
        handshake.writeString("PLAIN")
        var connection = KafkaConnection(broker: Self.broker)
        _ = try connection.receive(handshake)
        guard case .reply(let reply) = try connection.receive(ByteBuffer(string: "\0me\0secret")) else {
            Issue.record("no answer")
            return
        }
        #expect(reply == ByteBuffer(integer: Int32(0)))
        #expect(connection.token == "secret")

        var other = KafkaConnection(broker: Self.broker)
        _ = try other.receive(handshake)
        #expect(throws: KafkaMalformed.self) { try other.receive(ByteBuffer(string: "\0me\0wrong")) }
        #expect(other.token == nil)
    }
}

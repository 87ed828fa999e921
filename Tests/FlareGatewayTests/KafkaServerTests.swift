import FlareModel
import FlarePipelines
import NIOCore
import Testing

@testable import FlareGateway

@Suite("the Kafka door")
struct KafkaServerTests {
    private let pair = KafkaSample(#"{"n":1}"#, #"{"n":2}"#)

    @Test("records are durable when they are acknowledged, and the answer says where")
    func produce() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            #expect(try client.produce(pair.batch()) == KafkaAnswer(error: KafkaErrorCode.none, offset: 0, refused: []))
            #expect(try client.produce(pair.batch() + pair.batch(), acks: 1).offset == 2)
            #expect(f.endOffset == 6)
            let value = Array(#"{"n":3}"#.utf8)
            let messages = KafkaSample.message(magic: 0, value: value) + KafkaSample.message(magic: 1, value: value)
            #expect(try client.produce(messages).offset == 6)
            #expect(f.endOffset == 8)
            let counts = try f.pipelines.metrics(of: "orders").sources[.kafka]
            #expect(counts?.records == 8)
            #expect(counts?.refused == 0)
        }
    }

    @Test("what real clients sent is taken", arguments: KafkaRecordTests.Capture.all)
    func captures(_ capture: KafkaRecordTests.Capture) async throws {
        try await KafkaFixture.with { f in
            let answer = try f.connect().produce(try capture.records())
            #expect(answer.error == KafkaErrorCode.none)
            #expect(f.endOffset == 3)
        }
    }

    @Test("answers come in the order of the requests, however many are on their way")
    func pipelined() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            var numbers: [Int32] = []
            for index in 0..<300 {
                if index % 3 == 1 {
                    numbers.append(try client.send(.versions, version: 0, body: ByteBuffer()))
                } else {
                    let topic = index % 3 == 0 ? "orders" : "nothere"
                    numbers.append(try client.sendRecords(pair.batch(), to: topic))
                }
            }
            for number in numbers { #expect(try client.answer().correlation == number) }
            #expect(f.endOffset == 200)
        }
    }

    @Test("one record that is refused refuses its batch, and the answer names it")
    func refused() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            var sample = KafkaSample()
            sample.values = [Array("{}".utf8), Array("[]".utf8), nil, Array("{".utf8), []]
            let answer = try client.produce(sample.batch())
            #expect(answer.error == .invalidRecord)
            #expect(answer.refused == [1, 2, 3, 4])
            #expect(answer.message?.hasPrefix("record 1 was refused: ") == true)
            #expect(f.endOffset == 0)
            #expect(try f.pipelines.metrics(of: "orders").sources[.kafka]?.refused == 4)
            // The connection goes on.
            #expect(try client.produce(pair.batch()).offset == 0)
        }
    }

    @Test("a batch that is wrong is refused whole, together with those beside it")
    func wrong() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            let good = pair.batch()
            var bad = good
            bad[30] ^= 1
            #expect(try client.produce(good + bad).error == .corruptMessage)
            #expect(try client.produce(good + good.dropLast()).error == .corruptMessage)
            #expect(try client.produce([]).error == .invalidRecord)
            #expect(try client.produce(nil).error == .invalidRecord)
            var sample = pair
            sample.attributes = 7
            #expect(try client.produce(sample.batch()).error == .unsupportedCompressionType)
            sample.attributes = 0x10
            #expect(try client.produce(sample.batch()).error == .invalidTransactionState)
            #expect(try client.produce(good, transaction: "t").error == .transactionalIDAuthorizationFailed)
            #expect(try client.produce(good, acks: 2).error == .invalidRequiredAcks)
            #expect(try client.produce(good, to: "nothere").error == .unknownTopicOrPartition)
            #expect(try client.produce(good, partition: 1).error == .unknownTopicOrPartition)
            #expect(f.endOffset == 0)
        }
    }

    @Test("a batch that is sent again counts once, and one that skips ahead not at all")
    func idempotence() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            func send(_ sequence: Int32, epoch: Int16 = 0, producer: Int64 = 7) throws -> KafkaAnswer {
                var sample = pair
                (sample.producerID, sample.epoch, sample.sequence) = (producer, epoch, sequence)
                return try client.produce(sample.batch())
            }
            #expect(try send(0).offset == 0)
            #expect(try send(2).offset == 2)
            #expect(try send(2) == KafkaAnswer(error: KafkaErrorCode.none, offset: 2, refused: []))
            #expect(try send(0).offset == 0)
            #expect(f.endOffset == 4)
            #expect(try send(6).error == .outOfOrderSequenceNumber)
            #expect(try send(0, epoch: 1).offset == 4)
            #expect(try send(4).error == .invalidProducerEpoch)
            #expect(try send(0, producer: 8).offset == 6)
            #expect(f.endOffset == 8)
            #expect(try f.pipelines.metrics(of: "orders").sources[.kafka]?.records == 8)
        }
    }

    @Test("every producer gets a number of its own")
    func producerID() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            var ids: Set<Int64> = []
            for _ in 0..<3 {
                var body = ByteBuffer(integer: Int16(-1))
                body.writeInteger(Int32(60_000))
                try client.send(.initProducerID, version: 1, body: body)
                var (_, answer) = try client.answer()
                // Time to wait; error; id; epoch.
                let (wait, error): (Int32, Int16) = (try answer.integer(), try answer.integer())
                ids.insert(try answer.integer())
                let epoch = try answer.integer(as: Int16.self)
                #expect(wait == 0 && error == 0 && epoch == 0)
            }
            #expect(ids.count == 3)
        }
    }

    @Test("without acks nothing is answered, and a failure ends the connection")
    func noAcks() async throws {
        try await KafkaFixture.with { f in
            let client = try f.connect()
            _ = try client.sendRecords(pair.batch(), acks: 0)
            #expect(try client.produce(pair.batch()).offset == 2)
            _ = try client.sendRecords(pair.batch(), to: "nothere", acks: 0)
            #expect(client.isClosedByServer())
            #expect(f.endOffset == 4)
        }
    }

    @Test("a pipeline that asks for a token takes records from those who log in with it")
    func tokens() async throws {
        try await KafkaFixture.with { f in
            try await f.pipelines.create(
                PipelineCreateBody(
                    name: "secret",
                    destinationBucket: "data",
                    settings: PipelineSettingsBody(requiresHTTPAuth: true)
                )
            )
            let token = try await f.pipelines.createToken("mine", of: "secret")
            let stranger = try f.connect()
            let answer = try stranger.produce(pair.batch(), to: "secret")
            #expect(answer.error == .topicAuthorizationFailed)
            #expect(answer.message?.contains("SASL PLAIN") == true)
            #expect(try stranger.produce(pair.batch()).offset == 0)

            let guest = try f.connect()
            #expect(try guest.logIn("nonsense") == .saslAuthenticationFailed)
            #expect(guest.isClosedByServer())

            let owner = try f.connect()
            #expect(try owner.logIn(token) == KafkaErrorCode.none)
            #expect(try owner.produce(pair.batch(), to: "secret").offset == 0)

            try await f.pipelines.revokeToken("mine", of: "secret")
            #expect(try owner.produce(pair.batch(), to: "secret").error == .topicAuthorizationFailed)
        }
    }

    @Test(
        "failures of a pipeline have the codes after which producers do the right thing",
        arguments: [
            (FlareError.Code.tooManyRequests, KafkaErrorCode.notEnoughReplicas), (.diskFull, .kafkaStorageError),
            (.storeFailed, .kafkaStorageError), (.pipelineNotFound, .unknownTopicOrPartition),
            (.sequenceGap, .outOfOrderSequenceNumber), (.producerFenced, .invalidProducerEpoch),
            (.internalError, .unknownServerError),
        ]
    )
    func codes(code: FlareError.Code, expected: KafkaErrorCode) {
        let fault = KafkaFault(FlareError(code, "it failed", hint: "wait"))
        #expect(fault == KafkaFault(expected, "it failed (wait)"))
        #expect(fault.code.isThrottled == [.tooManyRequests, .diskFull, .storeFailed].contains(code))
    }
}

import FlareModel
import NIOCore
import Synchronization
import Testing

@testable import FlareGateway
@testable import FlarePipelines

@Suite("WebSocket producers that resume")
struct WebSocketProducerTests {
    private func message(_ sequence: Int64, _ records: String? = nil) -> [UInt8] {
        webSocketText("{\"seq\":\(sequence),\"records\":\(records ?? "{\"n\":\(sequence)}")}")
    }

    @Test("a producer learns where it stands and goes on from there")
    func resume() async throws {
        try await WebSocketFixture.with { f in
            let first = try f.connect("?producer=till-7")
            #expect(try first.frame().text == #"{"producer":"till-7","seq":null}"#)
            try first.write(message(0) + message(1, #"[{"n":1},{"n":2}]"#) + message(5))
            #expect(
                try first.frame().text == #"{"committed":4,"offset":0,"refused":[],"messages":3,"seq":5}"#
            )
            try first.write(webSocketClose(1000))
            _ = try first.closeFrame()

            let second = try f.connect("?producer=till-7")
            #expect(try second.frame().text == #"{"producer":"till-7","seq":5}"#)
            // It did not get the last answers and sends some again, together with new ones.
            try second.write(message(1, #"[{"n":1},{"n":2}]"#) + message(5) + message(6) + message(6) + message(7))
            let answers = try second.answers(messages: 5)
            #expect(answers.map { $0.int("committed") } == [3, 1, 1, 1])
            #expect(answers.map { $0.int("seq") } == [5, 6, 6, 7])
            #expect(answers.map { $0["duplicate"] } == [.bool(true), nil, .bool(true), nil])
            #expect(answers.map { $0.int("offset") } == [nil, 4, nil, 5])
            #expect(f.ingest.endOffset == 6)
        }
    }

    @Test("producers do not know of each other, and without a name nothing is remembered")
    func separate() async throws {
        try await WebSocketFixture.with { f in
            let one = try f.connect("?producer=a")
            let other = try f.connect("?producer=b")
            _ = (try one.frame(), try other.frame())
            try one.write(message(9))
            #expect(try one.answer()["duplicate"] == nil)
            try other.write(message(3))
            #expect(try other.answer()["duplicate"] == nil)
            let nameless = try f.connect()
            try nameless.write(message(9))
            #expect(try nameless.answer().int("committed") == 1)
            #expect(f.ingest.endOffset == 3)
        }
    }

    @Test("a message that is no envelope is refused and disturbs nothing")
    func envelopes() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect("?producer=a")
            _ = try client.frame()
            let bad = [
                "{}", "[]", "", "7", #"{"seq":1}"#, #"{"records":{}}"#, #"{"seq":-1,"records":{}}"#,
                #"{"seq":1.5,"records":{}}"#, #"{"seq":"1","records":{}}"#, #"{"seq":1e3,"records":{}}"#,
                #"{"seq":9223372036854775808,"records":{}}"#, #"{"seq":1,"seq":2,"records":{}}"#,
                #"{"seq":1,"records":"x"}"#, #"{"seq":1,"records":{},"more":1}"#, #"{"seq":1,"records":{}} x"#,
                #"{"seq":1,"records":[{]}"#, #"{"seq":1,"records":{}"#, #"{"seq":01,"records":{}}"#,
            ]
            for text in bad {
                try client.send(text)
                let answer = try client.answer()
                #expect(answer["error"]?["code"] == .string("invalid_data"), "\(text)")
                #expect(answer.int("messages") == 1)
            }
            try client.send(" {\n\"records\" : [ {\"a\":[1,{}]} ,{} ] ,\t\"seq\" : 9223372036854775807 } ")
            #expect(
                try client.frame().text
                    == #"{"committed":2,"offset":0,"refused":[],"messages":1,"seq":9223372036854775807}"#
            )
        }
    }

    @Test("refused records of a producer's message are named; sent again they count once")
    func refused() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect("?producer=a")
            _ = try client.frame()
            try client.write(message(1, "[{},2]"))
            let first = try client.answer()
            #expect(first.int("committed") == 1)
            #expect(first["refused"]?.arrayValue?.count == 1)
            try client.write(message(1, "[{},2]"))
            let again = try client.answer()
            #expect(again["duplicate"] == .bool(true))
            #expect(again.int("committed") == 1)
            #expect(f.ingest.endOffset == 1)
        }
    }

    @Test("the newer of two connections takes over, the older is closed with 4001")
    func superseded() async throws {
        try await WebSocketFixture.with { f in
            let older = try f.connect("?producer=a")
            _ = try older.frame()
            try older.write(message(1))
            _ = try older.answer()
            let newer = try f.connect("?producer=a")
            #expect(try newer.frame().text == #"{"producer":"a","seq":1}"#)
            let close = try older.closeFrame()
            #expect(close.code == 4_001)
            try newer.write(message(2))
            #expect(try newer.answer().int("offset") == 1)
        }
    }

    @Test("many connections of one producer in turn store each message once")
    func takeovers() async throws {
        try await WebSocketFixture.with { f in
            var clients: [WebSocketClient] = []
            for _ in 0..<20 {
                let client = try f.connect("?producer=a")
                _ = try client.frame()
                // Sent and not awaited: the next connection sends the same numbers again.
                try client.write((0..<200).flatMap { message($0) })
                clients.append(client)
            }
            let last = try #require(clients.last)
            _ = try last.answers(messages: 200)
            #expect(f.ingest.endOffset == 200)
        }
    }

    @Test("a claim is granted once its place is free, and the newest waits")
    func claims() {
        let log = Mutex<[String]>([])
        let producers = WebSocketProducers()
        func claim(_ name: String) -> WebSocketProducers.Claim {
            WebSocketProducers.Claim(
                .init(pipeline: "orders", producer: "a"),
                granted: { log.withLock { $0.append("\(name) granted") } },
                superseded: { log.withLock { $0.append("\(name) superseded") } }
            )
        }
        let (a, b, c) = (claim("a"), claim("b"), claim("c"))
        producers.add(a)
        producers.add(b)
        producers.add(c)
        producers.release(b)
        producers.release(a)
        producers.release(c)
        producers.release(c)
        producers.add(a)
        #expect(
            log.withLock { $0 } == ["a granted", "a superseded", "b superseded", "c granted", "a granted"]
        )
    }
}

@Suite("the count of a WebSocket producer")
struct WebSocketSequenceTests {
    @Test("numbers rise; others are duplicates")
    func rising() {
        var sequence = WebSocketSequence(durable: nil)
        #expect([0, 1, 5, 5, 3, 6].map { sequence.judge($0) } == [.new, .new, .new, .duplicate, .duplicate, .new])
        var resumed = WebSocketSequence(durable: 4)
        #expect([3, 4, 5].map { resumed.judge($0) } == [.duplicate, .duplicate, .new])
        #expect(resumed.isDurable(4) && !resumed.isDurable(5))
    }

    @Test("after a failure only the first number that failed, or one before it, is taken")
    func failed() {
        var sequence = WebSocketSequence(durable: 10)
        #expect([12, 14].map { sequence.judge($0) } == [.new, .new])
        sequence.failed(from: 12)
        #expect(
            [13, 14, 15, 10].map { sequence.judge($0) } == [
                .outOfTurn(12), .outOfTurn(12), .outOfTurn(12), .duplicate,
            ]
        )
        #expect([11, 13, 12, 13].map { sequence.judge($0) } == [.new, .outOfTurn(12), .new, .new])
        sequence.succeeded(13)
        #expect(sequence.resume == nil && sequence.durable == 13)
    }

    @Test("answers after a failed append say from where to go on, and leave alone what was durable")
    func answers() throws {
        var round = WebSocketRound(bytes: 0, sequences: 5...7)
        round.add(.duplicate(isDurable: true), records: 1, sequence: 4)
        round.add(.taken, records: 1, sequence: 5)
        round.add(.refused([RefusedRecord(index: 0, reason: "a \"b\"\n")], count: 1), records: 1, sequence: 6)
        round.add(.unusable(FlareError(.invalidData, "no")), records: 0, sequence: nil)
        round.add(.taken, records: 1, sequence: 7)
        var output = ByteBuffer()
        let error = FlareError(.tooManyRequests, "too much")
        let none = #""offset":null,"refused":[]"#
        let failed = #""error":{"code":"too_many_requests","message":"too much"}"#
        round.writeAnswers(.failure(error), resume: 5, to: &output)
        #expect(
            texts(output) == [
                #"{"committed":1,\#(none),"duplicate":true,"messages":1,"seq":4}"#,
                #"{"committed":0,\#(none),\#(failed),"retry_after":1,"messages":2,"seq":6,"resume":5}"#,
                #"{"committed":0,\#(none),"error":{"code":"invalid_data","message":"no"},"messages":1}"#,
                #"{"committed":0,\#(none),\#(failed),"retry_after":1,"messages":1,"seq":7,"resume":5}"#,
            ]
        )
        output.clear()
        round.writeAnswers(
            .success(AppendReceipt(offset: 40, recordCount: 3, isDuplicate: false)),
            resume: nil,
            to: &output
        )
        #expect(
            texts(output)[2].contains(
                #""offset":41,"refused":[{"index":0,"reason":"a \"b\"\u000a"}],"messages":1,"seq":6"#
            )
        )
    }

    private func texts(_ output: ByteBuffer) -> [String] {
        var output = output
        var texts: [String] = []
        while let head = output.readInteger(as: UInt16.self) {
            var count = Int(head & 0x7F)
            if count == 126 { count = Int(output.readInteger(as: UInt16.self) ?? 0) }
            texts.append(output.readString(length: count) ?? "")
        }
        return texts
    }
}

import FlareModel
import NIOCore
import NIOEmbedded
import Testing

@testable import FlareGateway

@Suite("ingest over WebSocket")
struct WebSocketTests {
    @Test("each case of the table, over a socket")
    func conformance() async throws {
        try await WebSocketFixture.with { f in
            for test in WebSocketCase.all {
                let client = try f.connect()
                // A server that has seen enough reads the rest without answering; the pieces of 9.3 are not awaited.
                try client.write(test.bytes)
                var expected = test.outcomes
                if !test.outcomes.contains(where: { if case .close = $0 { true } else { false } }) {
                    try client.write(webSocketClose(1000, "done"))
                    expected.append(.close(1000))
                }
                let messages = expected.count { if case .message = $0 { true } else { false } }
                let pongs = expected.filter { if case .pong = $0 { true } else { false } }
                var answered: Int64 = 0
                var seenPongs: [WebSocketCase.Outcome] = []
                var frame = try client.frame()
                while frame.opcode != 8 {
                    if frame.opcode == 10 { seenPongs.append(.pong(frame.payload)) }
                    if frame.opcode == 1 { answered += try JSONValue(json: frame.payload).int("messages") ?? 0 }
                    frame = try client.frame()
                }
                #expect(answered == messages, "\(test.testDescription)")
                #expect(seenPongs == pongs, "\(test.testDescription)")
                #expect(expected.last == .close(frame.code), "\(test.testDescription): \(frame.reason)")
                #expect(client.isClosedByServer(), "\(test.testDescription)")
            }
            #expect(f.ingest.endOffset == 1, "the object after a byte order mark is the only record of the table")
        }
    }

    @Test("an object, an array and lines are committed, and the answers say how many and where")
    func forms() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            try client.send(#"{"n":1}"#)
            #expect(try client.frame().text == #"{"committed":1,"offset":0,"refused":[],"messages":1}"#)
            try client.write(webSocketFrame(2, Array(#"[{"n":2},{"n":3}]"#.utf8)))
            #expect(try client.frame().text == #"{"committed":2,"offset":1,"refused":[],"messages":1}"#)
            try client.send("{\"n\":4}\n{\"n\":5}\n")
            #expect(try client.frame().text == #"{"committed":2,"offset":3,"refused":[],"messages":1}"#)
            try client.send("[]")
            #expect(try client.frame().text == #"{"committed":0,"offset":null,"refused":[],"messages":1}"#)
            #expect(f.ingest.endOffset == 5)
        }
    }

    @Test("messages that arrive together share one answer, and those with refusals have their own, in order")
    func coalesced() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            let bytes = [
                #"{"n":0}"#, #"[{"n":1},{"n":2}]"#, #"[{"n":3},4,{"n":5}]"#, "tru", #"{"n":6}"#, "[]", "[7]",
                #"{"n":8}"#,
            ].flatMap(webSocketText)
            try client.write(bytes)
            let answers = try client.answers(messages: 8)
            #expect(answers.map { $0.int("messages") } == [2, 1, 1, 2, 1, 1])
            #expect(answers.map { $0.int("committed") } == [3, 2, 0, 1, 0, 1])
            #expect(answers.map { $0.int("offset") } == [0, 3, nil, 5, nil, 6])
            #expect(answers[1]["refused"]?.arrayValue?.map { $0.int("index") } == [1])
            #expect(answers[1]["error"] == nil)
            #expect(answers[2]["error"]?["code"] == .string("invalid_data"))
            #expect(answers[4]["refused"]?.arrayValue?.first?["reason"]?.stringValue?.contains("a number") == true)
            #expect(f.ingest.endOffset == 7)
        }
    }

    @Test("a message in many pieces with pings among them is one message")
    func pieces() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            let text = Array(#"[{"city":"Köln"},{"city":"東京"}]"#.utf8)
            for (index, byte) in text.enumerated() {
                let isLast = index == text.count - 1
                try client.write(webSocketFrame(index == 0 ? 1 : 0, [byte], isFinal: isLast))
                guard index % 7 == 0 else { continue }
                try client.write(webSocketFrame(9, [UInt8(index)]))
                #expect(try client.frame() == WebSocketClient.Frame(opcode: 10, payload: [UInt8(index)]))
            }
            #expect(try client.answer().int("committed") == 2)
        }
    }

    @Test("bytes one at a time make the same messages")
    func trickling() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            for n in 0..<5 {
                for byte in webSocketText("{\"n\":\(n)}") { try client.write([byte]) }
                #expect(try client.answer().int("offset") == Int64(n))
            }
        }
    }

    @Test("many messages sent without waiting are answered in order, and the sums are right")
    func many() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            let count = 20_000
            try client.write((0..<count).flatMap { webSocketText("{\"n\":\($0)}") })
            var next: Int64 = 0
            let answers = try client.answers(messages: count)
            for answer in answers {
                #expect(answer.int("offset") == next)
                #expect(answer.int("committed") == answer.int("messages"))
                next += answer.int("committed") ?? 0
            }
            #expect(next == Int64(count))
            #expect(answers.count < count / 10, "answers cover many messages under load")
            #expect(f.ingest.endOffset == Int64(count))
        }
    }

    @Test("a client that closes gets its answers before the close is answered")
    func closeAfterAnswers() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            try client.write(webSocketText("{}") + webSocketText("{}") + webSocketClose(1000))
            #expect(try client.answers(messages: 2).last?.int("messages") != nil)
            #expect(try client.closeFrame().code == 1000)
        }
    }

    @Test("a client that ends its side without a close frame still gets its answers")
    func halfClosed() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            try client.send("{}")
            client.endWriting()
            #expect(try client.answer().int("committed") == 1)
            _ = try client.closeFrame()
        }
    }

    @Test("what came before a broken frame is stored and answered")
    func brokenAfterGood() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            try client.write(webSocketText("{}") + webSocketFrame(1, [0xFF]) + webSocketText("{}"))
            #expect(try client.answer().int("committed") == 1)
            let close = try client.closeFrame()
            #expect(close.code == 1007)
            #expect(close.reason == "a text message is not UTF-8")
            #expect(f.ingest.endOffset == 1)
        }
    }

    @Test("when the engine stops, what has begun is answered and the connection closed with 1001")
    func quiesce() async throws {
        try await WebSocketFixture.with { f in
            let client = try f.connect()
            try client.send("{}")
            #expect(try client.answer().int("committed") == 1)
            f.connections.quiesce()
            let close = try client.closeFrame()
            #expect(close.code == 1001)
        }
    }

    @Test("a message that comes with the handshake is not lost")
    func early() async throws {
        try await WebSocketFixture.with { f in
            let client = try WebSocketClient(port: f.port)
            try client.write(Array(WebSocketFixture.handshake().utf8) + webSocketText("{}"))
            #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
            #expect(try client.answer().int("committed") == 1)
        }
    }

    @Test("a client that takes no answers is not read for ever")
    func backPressure() async throws {
        try await WebSocketFixture.with { f in
            let client = try WebSocketClient(port: f.port, bufferBytes: 65_536)
            try client.write(Array(WebSocketFixture.handshake().utf8))
            _ = try client.readHead()
            // Each of these messages has an answer of its own, about as long as itself.
            let message = webSocketFrame(1, Array("x".utf8) + [UInt8](repeating: 0x20, count: 200))
            let count = 20_000
            let bytes = (0..<count).flatMap { _ in message }
            let written = client.writeWhatFits(bytes)
            try #require(written < bytes.count - message.count)
            // Once it reads, all goes on.
            let messages = written / message.count
            _ = try client.answers(messages: messages)
            try client.write(Array(bytes[written..<(messages + 1) * message.count]))
            #expect(try client.answer().int("messages") == 1)
        }
    }

    @Test("incomplete messages of many connections together are bounded")
    func bounded() async throws {
        try await WebSocketFixture.with { f in
            let counter = Counter()
            counter.add(Limits.ingestBodiesBytesMax)
            let handler = WebSocketHandler(
                stream: f.stream,
                producer: nil,
                surroundings: .init(
                    producers: WebSocketProducers(),
                    bodiesBytes: counter,
                    now: { .init(milliseconds: 0) }
                )
            )
            let channel = EmbeddedChannel()
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            try channel.writeInbound(ByteBuffer(bytes: webSocketFrame(9)))
            #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(bytes: [0x8A, 0]))
            try channel.writeInbound(ByteBuffer(bytes: webSocketText("{}").dropLast()))
            let close = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(Array(close.readableBytesView.prefix(4).suffix(2)) == [0x03, 0xF5])
            _ = try channel.finish(acceptAlreadyClosed: true)
            #expect(counter.add(0) == Limits.ingestBodiesBytesMax)
        }
    }

    @Test("a silent client is pinged, and closed when two pings have no answer")
    func silence() async throws {
        try await WebSocketFixture.with { f in
            let handler = WebSocketHandler(
                stream: f.stream,
                producer: nil,
                surroundings: .init(
                    producers: WebSocketProducers(),
                    bodiesBytes: Counter(),
                    now: { .init(milliseconds: 0) }
                )
            )
            let channel = EmbeddedChannel()
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
            var start = NIODeadline.now()
            let ping = ByteBuffer(bytes: [0x89, 0])
            handler.checkTimeouts(at: start + .seconds(20))
            #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
            handler.checkTimeouts(at: start + .seconds(31))
            #expect(try channel.readOutbound(as: ByteBuffer.self) == ping)
            // An answer begins the count again.
            try channel.writeInbound(ByteBuffer(bytes: webSocketFrame(10)))
            start = NIODeadline.now()
            handler.checkTimeouts(at: start + .seconds(20))
            #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
            for seconds: Int64 in [31, 35, 61, 65] { handler.checkTimeouts(at: start + .seconds(seconds)) }
            #expect(try channel.readOutbound(as: ByteBuffer.self) == ping)
            #expect(try channel.readOutbound(as: ByteBuffer.self) == ping)
            #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
            handler.checkTimeouts(at: start + .seconds(91))
            let close = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(Array(close.readableBytesView.prefix(4)) == [0x88, 20, 0x03, 0xF3])
        }
    }
}

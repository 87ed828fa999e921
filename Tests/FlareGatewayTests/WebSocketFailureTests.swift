import FlareModel
import Testing

@testable import FlareGateway
@testable import FlarePipelines

@Suite("WebSocket when the stream takes nothing")
struct WebSocketFailureTests {
    @Test("over the limit messages are answered with when to try again, and the connection stays open")
    func full() async throws {
        try await WebSocketFixture.with(unflushedBytesMax: 20) { f in
            let client = try f.connect()
            try client.send(#"{"n":"0123456789"}"#)
            #expect(try client.answer().int("committed") == 1)
            let held = f.stream.unflushedBytes
            try client.write((1...3).flatMap { webSocketText(#"{"n":\#($0)}"#) })
            for answer in try client.answers(messages: 3) {
                #expect(answer["error"]?["code"] == .string("too_many_requests"))
                #expect(answer.int("retry_after") == Int64(Limits.ingestRetryAfterSeconds))
                #expect(answer.int("committed") == 0)
                #expect(answer["offset"] == .null)
            }
            f.stream.subtract(held)
            try client.send(#"{"n":4}"#)
            #expect(try client.answer().int("offset") == 1)
        }
    }

    @Test("a producer goes on with the first message that failed; later ones are not taken before it")
    func resumeAfterFailure() async throws {
        try await WebSocketFixture.with(unflushedBytesMax: 20) { f in
            let client = try f.connect("?producer=a")
            _ = try client.frame()
            try client.send(#"{"seq":1,"records":{"n":"0123456789"}}"#)
            #expect(try client.answer().int("committed") == 1)
            try client.send(#"{"seq":2,"records":{"n":2}}"#)
            let failed = try client.answer()
            #expect(failed["error"]?["code"] == .string("too_many_requests"))
            #expect(failed.int("resume") == 2)
            f.stream.subtract(f.stream.unflushedBytes)
            // The client had sent these before it learnt of the failure.
            try client.write([3, 4].flatMap { webSocketText(#"{"seq":\#($0),"records":{"n":\#($0)}}"#) })
            for answer in try client.answers(messages: 2) {
                #expect(answer["error"]?["code"] == .string("sequence_gap"))
                #expect(answer.int("resume") == 2)
            }
            try client.write([2, 3, 4].flatMap { webSocketText(#"{"seq":\#($0),"records":[{}]}"#) })
            let answers = try client.answers(messages: 3)
            #expect(answers.compactMap { $0.int("committed") }.reduce(0, +) == 3)
            #expect(answers.allSatisfy { $0["error"] == nil && $0["duplicate"] == nil })
            #expect(answers.last?.int("seq") == 4)
            #expect(f.stream.lastSequence(kind: .webSocket, id: Array("a".utf8)) == 4)
        }
    }

    @Test("a pipeline that is being deleted ends its connections")
    func deleted() async throws {
        try await WebSocketFixture.with(unflushedBytesMax: 1_000) { f in
            let client = try f.connect()
            await f.stream.closeDoor()
            try client.send("{}")
            #expect(try client.answer()["error"]?["code"] == .string("pipeline_not_found"))
            #expect(try client.closeFrame().code == 1008)
        }
    }
}

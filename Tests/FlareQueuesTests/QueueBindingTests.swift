import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("the queue binding of a Worker")
struct QueueBindingTests {
    private func call(_ f: QueuesFixture, _ method: String, _ arguments: String = "{}", body: String = "") async throws
        -> JSONValue
    {
        let binding = QueueBinding(service: f.service, queue: "orders")
        let arguments = try JSONValue(json: arguments.utf8)
        return try await binding.call(method, arguments: arguments, body: Array(body.utf8)).value
    }

    @Test("send takes the body as it is and answers the metrics of the queue")
    func send() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let answer = try await call(f, "send", #"{"contentType":"json"}"#, body: #"{ "a": 1 }"#)
            #expect(answer["metadata"]?["metrics"]?["backlogCount"] == .integer(1))
            let oldest = answer["metadata"]?["metrics"]?["oldestMessageTimestamp"]?.integerValue
            #expect(oldest == Int(f.time.now().milliseconds))
            let message = try await f.service.peek("orders", limit: 1)[0]
            #expect(message.text == #"{ "a": 1 }"#)
            #expect(message.contentType == .json)
        }
    }

    @Test("sendBatch cuts the raw body by the lengths of its messages")
    func sendBatch() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            let arguments = #"""
                {"messages":[{"contentType":"text","length":3},{"contentType":"text","length":2,"delaySeconds":0}],
                 "delaySeconds":60}
                """#
            _ = try await call(f, "sendBatch", arguments, body: "abcde")
            #expect(try await f.bodies() == ["abc", "de"])
            #expect(try await f.pull().map(\.text) == ["de"])
            let wrong = #"{"messages":[{"contentType":"text","length":3}]}"#
            #expect(await code { try await call(f, "sendBatch", wrong, body: "abcd") } == .invalidData)
            #expect(await code { try await call(f, "sendBatch", wrong, body: "ab") } == .invalidData)
        }
    }

    @Test("an unknown method or content type is refused")
    func unknown() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            #expect(await code { try await call(f, "drop") } == .invalidArgument)
            #expect(await code { try await call(f, "send", #"{"contentType":"xml"}"#) } == .invalidArgument)
            #expect(try await call(f, "metrics")["backlogCount"] == .integer(0))
        }
    }
}

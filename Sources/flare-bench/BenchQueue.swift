import FlareClient
import FlareModel
import NIOCore

/// A queue of the benchmark's engine.
struct BenchQueue: Sendable {
    private let id: String
    private let token: String
    private let address: ServerAddress

    static func create(_ name: String, on engine: BenchEngine) async throws -> BenchQueue {
        let body = JSONValue.object(["queue_name": .string(name)])
        let queue = try await engine.client.call(
            "POST",
            "/client/v4/accounts/local/queues",
            body: body,
            as: QueueBody.self
        )
        return BenchQueue(
            id: queue.id,
            token: try await engine.token("queue-\(name)"),
            address: ServerAddress(host: "127.0.0.1", port: engine.info.controlPort)
        )
    }

    func connect() throws -> FlareQueueClient {
        try FlareQueueClient(address, queue: id, token: token)
    }

    /// Sends so many messages.
    func fill(_ count: Int) async throws {
        let client = try connect()
        for start in stride(from: 0, to: count, by: Limits.messageBatchMax) {
            try client.send(min(Limits.messageBatchMax, count - start))
        }
    }

    /// How long a lease, a peek and the metrics take, in milliseconds, the middle of many; changes nothing for good.
    func probe() throws -> JSONValue {
        let headers = "authorization: Bearer \(token)\r\ncontent-type: application/json\r\n"
        let exchange = try HTTPExchange(address, headers: headers)
        let path = "/client/v4/accounts/local/queues/\(id)"
        let calls: [(String, String, String, String)] = [
            ("lease", "POST", path + "/messages/pull", #"{"batch_size":10,"visibility_timeout_ms":1000}"#),
            ("peek", "POST", path + "/messages/peek", #"{"batch_size":10}"#), ("stats", "GET", path + "/metrics", ""),
        ]
        var result: [String: JSONValue] = [:]
        for (name, method, path, body) in calls {
            var times = LatencyHistogram()
            for _ in 0..<50 {
                let begun = NIODeadline.now()
                try exchange.ask(method, path, Array(body.utf8)) { _ in }
                times.record(nanoseconds: UInt64((NIODeadline.now() - begun).nanoseconds))
            }
            result[name + "_ms"] = .rounded(times.milliseconds(at: 0.5), digits: 3)
        }
        return .object(result)
    }
}

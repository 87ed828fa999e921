import FlareModel

/// A queue of the engine over REST v4, as Cloudflare's SDKs use it.
final class FlareQueueClient: QueueClient {
    private let exchange: HTTPExchange
    private let path: String
    private var leases: [String] = []

    /// - Parameters:
    ///   - queue: its id.
    ///   - token: of the control port.
    init(_ address: ServerAddress, queue: String, token: String) throws {
        exchange = try HTTPExchange(
            address,
            headers: "authorization: Bearer \(token)\r\ncontent-type: application/json\r\n"
        )
        path = "/client/v4/accounts/local/queues/\(queue)/messages"
    }

    func send(_ count: Int) throws {
        let message = #"{"body":\#(QueueLoad.body),"content_type":"json"}"#
        if count == 1 {
            try exchange.ask("POST", path, Array(message.utf8)) { _ in }
        } else {
            let messages = repeatElement(message, count: count).joined(separator: ",")
            try exchange.ask("POST", path + "/batch", Array(#"{"messages":[\#(messages)]}"#.utf8)) { _ in }
        }
    }

    func lease(_ count: Int) throws -> Int {
        let body = #"{"batch_size":\#(count),"visibility_timeout_ms":60000}"#
        leases = try exchange.ask("POST", path + "/pull", Array(body.utf8)) { Self.leases(in: $0) }
        return leases.count
    }

    func acknowledge() throws {
        let acks = leases.map { #"{"lease_id":"\#($0)"}"# }.joined(separator: ",")
        let count = try exchange.ask("POST", path + "/ack", Array(#"{"acks":[\#(acks)]}"#.utf8)) { answer in
            answer.firstIndex(of: "\"ackCount\":").map { answer.number(at: $0 + 11).value }
        }
        guard count == leases.count else {
            throw FlareError(.runFailed, "\(count ?? 0) of \(leases.count) messages were acknowledged")
        }
    }

    /// The values of all members `lease_id`.
    private static func leases(in answer: UnsafeRawBufferPointer) -> [String] {
        var result: [String] = []
        var position = 0
        while let name = answer.firstIndex(of: "\"lease_id\":\"", from: position) {
            let start = name + 12
            let end = answer[start...].firstIndex(of: UInt8(ascii: "\"")) ?? answer.count
            result.append(String(decoding: answer[start..<end], as: UTF8.self))
            position = end
        }
        return result
    }
}

package import FlareModel

/// A queue in a Worker's `env`: a producer.
///
/// Bodies travel raw, never inside the JSON of the call:
/// - `send`: arguments `{"contentType": "json"|"text"|"bytes"|"v8", "delaySeconds"?: n}`; the raw body of the call is
///   the body of the message (JSON text, UTF-8, bytes, or serialised value). `contentType` is `json` when absent.
/// - `sendBatch`: arguments `{"messages": [{"contentType", "delaySeconds"?, "length"}], "delaySeconds"?}`; the raw body
///   is the concatenation of the bodies, `length` bytes each.
/// - `metrics`: no arguments.
///
/// `send` and `sendBatch` answer `{"metadata": {"metrics": M}}` and `metrics` answers `M`, where `M` is
/// `{"backlogCount", "backlogBytes", "oldestMessageTimestamp"?}`, the last in milliseconds since 1970.
package struct QueueBinding: Binding {
    private let service: QueueService
    private let queue: String

    /// A binding to the queue with this name or id.
    ///
    /// The queue is looked up at each call.
    package init(service: QueueService, queue: String) {
        self.service = service
        self.queue = queue
    }

    package func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        switch method {
        case "send":
            let message = try message(arguments, body: body)
            return sent(try await service.send([message], to: queue))
        case "sendBatch":
            let messages = try split(arguments["messages"]?.arrayValue ?? [], body)
            let delay = try delaySeconds(arguments)
            return sent(try await service.send(messages, to: queue, delaySeconds: delay))
        case "metrics":
            return BindingReply(value: try await service.metrics(queue).workerValue)
        default:
            throw FlareError(.invalidArgument, "a queue has no method \"\(method)\"", hint: "send, sendBatch, metrics")
        }
    }

    private func split(_ messages: [JSONValue], _ body: [UInt8]) throws -> [NewMessage] {
        var rest = body[...]
        let result = try messages.map { description in
            guard let length = description["length"]?.integerValue, (0...rest.count).contains(length) else {
                throw FlareError(.invalidData, "the lengths of a batch do not fit its \(body.count) bytes")
            }
            defer { rest = rest.dropFirst(length) }
            return try message(description, body: Array(rest.prefix(length)))
        }
        guard rest.isEmpty else {
            throw FlareError(.invalidData, "the lengths of a batch leave \(rest.count) of its \(body.count) bytes over")
        }
        return result
    }

    private func message(_ description: JSONValue, body: [UInt8]) throws -> NewMessage {
        let name = description["contentType"]?.stringValue ?? MessageContentType.json.rawValue
        guard let contentType = MessageContentType(rawValue: name) else {
            throw FlareError(
                .invalidArgument,
                "\"\(name)\" is not a content type of messages",
                hint: "use json, text, bytes or v8"
            )
        }
        return NewMessage(body: body, contentType: contentType, delaySeconds: try delaySeconds(description))
    }

    private func delaySeconds(_ arguments: JSONValue) throws -> Int? {
        switch arguments["delaySeconds"] {
        case nil, .null: return nil
        case .integer(let seconds): return Int(seconds)
        case .number(let seconds) where abs(seconds) < 1e9: return Int(seconds.rounded(.up))
        default: throw FlareError(.invalidArgument, "delaySeconds is not a number of seconds")
        }
    }

    private func sent(_ metrics: QueueMetrics) -> BindingReply {
        BindingReply(value: .object(["metadata": .object(["metrics": metrics.workerValue])]))
    }
}

extension QueueMetrics {
    /// What a Worker gets to see of a backlog.
    package var workerValue: JSONValue {
        var members: [String: JSONValue] = [
            "backlogCount": .integer(Int64(backlogCount)),
            "backlogBytes": .integer(Int64(backlogBytes)),
        ]
        members["oldestMessageTimestamp"] = oldestMessage.map { .integer($0.milliseconds) }
        return .object(members)
    }
}

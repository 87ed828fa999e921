import FlareModel
import FlareQueues
import FoundationEssentials

/// Moving messages between queues, out of them and into them, by the page; and how a queue stands.
struct QueueTransferRoutes {
    let queues: QueueService
    let base: String

    func register(on routes: APIRoutes) {
        routes.post(base + "/redrive") { request in
            try await page(request, set: .all) { .redrive(to: $0) }
        }
        routes.post(base + "/move") { request in
            try await page(request, set: .living) { target in
                guard let target else { throw FlareError(.invalidArgument, "the body lacks the field \"to\"") }
                return .move(to: target)
            }
        }
        routes.post(base + "/remove") { request in
            try await page(request, set: .living) { target in
                guard target == nil else { throw FlareError(.invalidArgument, "a removal takes no field \"to\"") }
                return .remove
            }
        }
        routes.get(base + "/stats") { request in
            .result(try await queues.stats(request.parameter("queue")).body)
        }
        registerExport(on: routes)
    }

    private func page(
        _ request: APIRequest,
        set: QueueMessageSet,
        _ transfer: (String?) throws -> QueueService.Transfer
    ) async throws -> APIReply {
        let body = try await request.json(QueueTransferRequest.self)
        var selection = QueueService.Selection(set: body.set ?? set)
        selection.filter = try body.filter.map { try MessageConditions(parsing: $0) } ?? MessageConditions()
        selection.limit = body.limit ?? selection.limit
        selection.cursor = body.cursor
        let report = try await queues.transfer(
            transfer(body.to),
            of: request.parameter("queue"),
            selection,
            isDryRun: body.isDryRun ?? false
        )
        return .result(report)
    }

    private func registerExport(on routes: APIRoutes) {
        routes.get(base + "/export") { request in
            let queue = try request.parameter("queue")
            let filter = try request.messageFilter()
            let start = try request.messageCursor() ?? -1
            // Fails before the head of the answer is sent.
            _ = try await queues.get(queue)
            return .stream(headers: [("Content-Type", "application/x-ndjson")]) { writer in
                try await queues.export(queue, after: start, filter: filter) { messages in
                    try await writer.lines(messages.map { $0.exportBody(now: queues.now) })
                }
            }
        }
        routes.post(base + "/import") { request in
            let bytes = try await request.bytes(max: Limits.messageImportBytesMax)
            var messages: [QueueService.ImportedMessage] = []
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
                guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
                do {
                    messages.append(try FlareJSON.decode(QueueExportBody.self, from: line).imported())
                } catch let error as FlareError {
                    throw FlareError(error.code, "line \(index + 1): \(error.message)", hint: error.hint)
                }
            }
            return .result(try await queues.importMessages(messages, into: request.parameter("queue")))
        }
    }
}

extension APIRequest {
    /// The messages that the query's `where` means.
    func messageFilter() throws -> MessageConditions {
        guard let text = query("where"), !text.isEmpty else { return MessageConditions() }
        return try MessageConditions(parsing: text)
    }

    /// The query's `cursor`, a place in the order of arrival.
    func messageCursor() throws -> Int64? {
        guard let text = query("cursor"), !text.isEmpty else { return nil }
        guard let sequence = Int64(text), sequence >= 0 else {
            throw FlareError(.invalidArgument, "\"\(text)\" is not a cursor", hint: "use that of the last message")
        }
        return sequence
    }
}

extension StoredMessage {
    /// The message as a line of an export.
    func exportBody(now: Timestamp) -> QueueExportBody {
        let (encoding, text) = readable(body, contentType)
        var line = QueueExportBody(body: text, encoding: encoding, contentType: contentType.rawValue)
        line.cursor = sequence
        line.id = id
        line.attempts = attempts
        line.timestamp = timestamp
        line.visibleAt = visibleAt
        line.state = state(at: now)
        line.diedAt = diedAt
        line.originQueue = origin?.queue
        line.reason = origin?.reason
        return line
    }
}

extension QueueExportBody {
    /// The message that the line describes.
    fileprivate func imported() throws -> QueueService.ImportedMessage {
        let name = contentType ?? MessageContentType.json.rawValue
        guard let type = MessageContentType(rawValue: name) else {
            throw FlareError(
                .invalidArgument,
                "\"\(name)\" is not a content type of messages",
                hint: "use json, text, bytes or v8"
            ).numbered(10203)
        }
        let bytes: [UInt8]
        switch encoding ?? "utf8" {
        case "utf8": bytes = Array(body.utf8)
        case "base64":
            guard let data = Data(base64Encoded: body) else {
                throw FlareError(.invalidData, "the body is not valid base64")
            }
            bytes = Array(data)
        case let other:
            throw FlareError(.invalidArgument, "\"\(other)\" is not an encoding of bodies", hint: "use utf8 or base64")
        }
        if type == .json { _ = try JSONValue(json: bytes) }
        var message = QueueService.ImportedMessage(NewMessage(body: bytes, contentType: type))
        message.id = id
        // What hid a leased message was its lease.
        message.visibleAt = state == .leased ? nil : visibleAt
        message.originQueue = originQueue
        message.reason = reason
        return message
    }
}

extension QueueStats {
    fileprivate var body: QueueStatsBody {
        let status = info.status
        var rates = QueueStatsBody.Rates()
        rates.accepted = Self.rounded(self.rates.accepted)
        rates.acknowledged = Self.rounded(self.rates.acknowledged)
        rates.retried = Self.rounded(self.rates.retried)
        rates.died = Self.rounded(self.rates.died)
        var body = QueueStatsBody(
            queue: info.record.name,
            isPaused: info.record.settings.deliveryPaused,
            backlogCount: status.backlogCount,
            backlogBytes: status.backlogBytes,
            visibleCount: visible,
            leasedCount: leased,
            delayedCount: delayed,
            deadCount: status.deadCount,
            rates: rates,
            totals: status.totals
        )
        body.oldestMessage = info.oldestMessage
        body.nextVisible = nextVisible
        let consumer = status.queue.consumers.first
        body.consumerType = consumer?.type
        body.consumerName = consumer.flatMap { $0.scriptName ?? $0.workflowName }
        body.concurrency = batches
        if let consumer = info.consumer, consumer.target != .httpPull {
            body.concurrencyMax = consumer.settings.maxConcurrency ?? Limits.consumerConcurrencyMax
        }
        return body
    }

    private static func rounded(_ rate: Double) -> Double { (rate * 100).rounded() / 100 }
}

package import FlareModel
import FlareStore

/// Carrying messages out of a queue and into one, as data.
extension QueueService {
    /// Passes each message of a queue to `emit` in the order of arrival, dead ones too, up to the last one that is
    /// there now.
    ///
    /// Touches nothing.
    package func export(
        _ nameOrID: String,
        after start: Int64 = -1,
        filter: MessageConditions = MessageConditions(),
        emit: @Sendable ([StoredMessage]) async throws -> Void
    ) async throws {
        let (queue, last) = try await database.read { tx in
            (try self.record(named: nameOrID, in: tx), try ChunkRecord.lastSequence(in: tx))
        }
        var after = start
        while true {
            let place = after
            let page = try await database.read { tx in
                try self.messages(of: queue, after: place, upTo: last, .all, limit: Limits.messageBatchMax, in: tx)
            }
            guard let end = page.last else { return }
            after = end.sequence
            let wanted = page.filter { $0.fits(filter, at: now) }
            if !wanted.isEmpty { try await emit(wanted) }
        }
    }

    /// A message that comes from an export.
    package struct ImportedMessage: Sendable {
        package var message: NewMessage
        /// 32 hexadecimal digits; nil makes a new one.
        package var id: String?
        /// Kept while it lies ahead, up to the longest delay.
        package var visibleAt: Timestamp?
        package var originQueue: String?
        package var reason: String?

        package init(_ message: NewMessage) {
            self.message = message
        }
    }

    /// Adds messages to a queue in one transaction, but for those whose id one in it has already.
    package func importMessages(_ messages: [ImportedMessage], into nameOrID: String) async throws -> QueueImportBody {
        guard messages.count <= Limits.messageTransferMax else {
            throw FlareError(
                .invalidArgument,
                "\(messages.count) messages are more than one import takes",
                hint: "send at most \(Limits.messageTransferMax) lines at once"
            )
        }
        for message in messages {
            try message.message.validate()
            guard message.id.map({ MessageID.bytes($0) != nil }) ?? true else {
                throw FlareError(
                    .invalidData,
                    "\"\(message.id ?? "")\" is not the id of a message",
                    hint: "give 32 hexadecimal digits, or leave it out"
                )
            }
        }
        return try await database.write { tx in try self.place(messages, into: nameOrID, in: tx) }
    }

    private func place(
        _ messages: [ImportedMessage],
        into nameOrID: String,
        in tx: Transaction
    ) throws -> QueueImportBody {
        let queue = try record(named: nameOrID, in: tx)
        let now = time.now()
        let latest = now + .seconds(Limits.messageDelaySecondsMax)
        var seen: Set<String> = []
        let wanted = try messages.filter { message in
            guard let id = message.id?.lowercased() else { return true }
            return try seen.insert(id).inserted && !isPresent(id, in: queue, tx)
        }
        let placed = wanted.map { message in
            PlacedMessage(
                message: message.message,
                id: message.id?.lowercased(),
                visibleAt: min(max(message.visibleAt ?? now, now), latest),
                originQueue: message.originQueue,
                reason: message.reason.map(MessageOrigin.kept)
            )
        }
        try tx.requireRoom(for: placed.reduce(0) { $0 + $1.message.body.count })
        try place(placed, in: queue, at: now, tx)
        return QueueImportBody(imported: placed.count, skipped: messages.count - placed.count)
    }

    /// Whether a message with this id, however it came into the queue, is still there.
    private func isPresent(_ id: String, in queue: QueueRecord, _ tx: Transaction) throws -> Bool {
        if let sequence = MessageID.sequence(of: id, queueID: queue.id),
            try SpanRecord.find(sequence, in: tx)?.queue == queue.number
        {
            return true
        }
        guard let sequence = try KeptIDRecord.find(queue.number, id: id, in: tx) else { return false }
        return try SpanRecord.find(sequence, in: tx)?.queue == queue.number
    }
}

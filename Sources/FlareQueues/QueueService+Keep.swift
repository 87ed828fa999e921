package import FlareModel
import FlareStore

/// Looking at what lies in a queue, and removing it.
extension QueueService {
    /// The oldest messages, living or dead.
    ///
    /// Changes nothing, neither attempts nor visibility.
    package func peek(_ nameOrID: String, limit: Int, dead: Bool = false) async throws -> [StoredMessage] {
        try await peek(nameOrID, limit: limit, dead: dead, after: -1, filter: MessageConditions())
    }

    /// The oldest messages, living or dead, that come after a place in the order of arrival and fit a filter.
    ///
    /// With a filter looks as far as it must, by the page: sees what was there at the beginning and still is.
    package func peek(
        _ nameOrID: String,
        limit: Int,
        dead: Bool,
        after start: Int64,
        filter: MessageConditions
    ) async throws -> [StoredMessage] {
        guard (1...Limits.messageBatchMax).contains(limit) else {
            throw FlareError(
                .invalidArgument,
                "peek takes 1 to \(Limits.messageBatchMax) messages, not \(limit)"
            ).numbered(10206)
        }
        let set = dead ? QueueMessageSet.dead : .living
        guard !filter.isEmpty else {
            return try await database.read { tx in
                try self.messages(of: self.record(named: nameOrID, in: tx), after: start, set, limit: limit, in: tx)
            }
        }
        let (queue, last) = try await database.read { tx in
            (try self.record(named: nameOrID, in: tx), try ChunkRecord.lastSequence(in: tx))
        }
        var result: [StoredMessage] = []
        var after = start
        while result.count < limit, !Task.isCancelled {
            let place = after
            let page = try await database.read { tx in
                try self.messages(of: queue, after: place, upTo: last, set, limit: Limits.messageBatchMax, in: tx)
            }
            guard let end = page.last else { break }
            after = end.sequence
            result += page.filter { $0.fits(filter, at: now) }
        }
        return Array(result.prefix(limit))
    }

    /// The oldest messages of a queue after a place in the order of arrival, up to another.
    func messages(
        of queue: QueueRecord,
        after start: Int64,
        upTo last: Int64 = .max,
        _ set: QueueMessageSet = .living,
        limit: Int,
        in tx: Transaction
    ) throws -> [StoredMessage] {
        var result: [StoredMessage] = []
        var after = start
        while result.count < limit {
            // Most often few spans hold that many messages.
            let wanted = min(8, limit - result.count)
            let spans = try SpanRecord.after(after, upTo: last, of: queue.number, set, limit: wanted, in: tx)
            for span in spans where result.count < limit {
                let begin = max(span.first, after + 1)
                let end = min(span.sequences.upperBound, begin + Int64(limit - result.count))
                result += try span.messages(of: queue.id, in: begin..<end, tx)
                after = end - 1
            }
            if spans.count < wanted { break }
        }
        return result
    }

    /// The size and age of a queue's backlog.
    package func metrics(_ nameOrID: String) async throws -> QueueMetrics {
        try await database.read { tx in
            try self.metrics(of: self.record(named: nameOrID, in: tx), in: tx)
        }
    }

    /// Removes all messages that are in the queue now: waiting, delayed, leased and dead.
    package func purge(_ nameOrID: String) async throws -> PurgeReport {
        let startedAt = time.now()
        let queue = try await database.read { try self.record(named: nameOrID, in: $0) }
        let report = PurgeReport(startedAt: startedAt, removed: try await removeMessages(of: queue))
        try await database.write { tx in try report.save(queueID: queue.id, in: tx) }
        return report
    }

    /// The latest purge of a queue, or nil when there was none.
    package func lastPurge(of nameOrID: String) async throws -> PurgeReport? {
        try await database.read { tx in
            try PurgeReport.find(queueID: self.record(named: nameOrID, in: tx).id, in: tx)
        }
    }

    /// Removes in bounded steps what lies in a queue when it is called; what is sent meanwhile stays.
    func removeMessages(of queue: QueueRecord) async throws -> Int {
        let last = try await database.read { try ChunkRecord.lastSequence(in: $0) }
        var total = 0
        while true {
            let removed = try await database.write { tx in
                let limit = Limits.messageSweepRows
                let found = try SpanRecord.after(-1, upTo: last, of: queue.number, .all, limit: limit, in: tx)
                let step = Self.wholeChunks(found, limit: limit)
                guard let first = step.first, let end = step.last else { return 0 }
                var counts = QueueCounters()
                for span in step { counts.remove(span) }
                try SpanRecord.deleteAll(of: queue.number, in: first.first...end.first, tx)
                try self.add(counts, to: queue.id, at: self.time.now(), in: tx)
                return step.reduce(0) { $0 + $1.count }
            }
            if removed == 0 { return total }
            total += removed
        }
    }

    /// The first spans of a list, not much more than one step should remove, that leave no part of a chunk behind.
    ///
    /// A list of `limit` spans, more than a chunk can have, may go on.
    private static func wholeChunks(_ spans: [SpanRecord], limit: Int) -> ArraySlice<SpanRecord> {
        func chunk(_ index: Int) -> Int64 { ChunkRecord.number(of: spans[index].first) }
        var end = spans.count
        if end == limit { while end > 0, chunk(end - 1) == chunk(limit - 1) { end -= 1 } }
        var bytes = 0
        for index in 0..<end {
            if bytes >= Limits.messageSweepBytes, chunk(index) != chunk(index - 1) { return spans[..<index] }
            bytes += spans[index].bytes
        }
        return spans[..<end]
    }

    /// Removes single messages by the `ref` that a peek gave.
    ///
    /// Returns, for each that is not there, the reason.
    package func remove(_ references: [String], from nameOrID: String) async throws -> [String: String] {
        try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            var warnings: [String: String] = [:]
            var counts = QueueCounters()
            for reference in references {
                guard let sequence = Int64(reference), let span = try SpanRecord.find(sequence, in: tx),
                    span.queue == queue.number
                else {
                    warnings[reference] = "the message is not in queue \"\(queue.name)\""
                    continue
                }
                let message = try span.isolate(sequence..<(sequence + 1), in: tx)
                try message.delete(in: tx)
                counts.remove(message)
            }
            try self.add(counts, to: queue.id, at: self.time.now(), in: tx)
            return warnings
        }
    }
}

extension QueueCounters {
    /// Takes the messages of a span out of what there is.
    mutating func remove(_ span: SpanRecord) {
        if span.diedAt == nil {
            waiting -= span.count
            waitingBytes -= span.bytes
        } else {
            dead -= span.count
        }
    }
}

extension StoredMessage {
    /// Where the message stands at a moment.
    package func state(at now: Timestamp) -> QueueMessageState {
        if diedAt != nil { return .dead }
        guard visibleAt > now else { return .waiting }
        return isLeased ? .leased : .delayed
    }

    /// Whether the message fits a filter.
    package func fits(_ filter: MessageConditions, at now: Timestamp) -> Bool {
        guard !filter.isEmpty else { return true }
        let subject = MessageConditions.Subject(
            id: id,
            attempts: attempts,
            timestamp: timestamp,
            contentType: contentType.rawValue,
            state: state(at: now),
            origin: origin?.queue,
            reason: origin?.reason,
            body: body
        )
        return filter.matches(subject, now: now)
    }
}

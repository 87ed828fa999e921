import FlareModel
import FlareStore

/// What a consumer or producer in a shell needs besides the verbs of clients: more time, and many messages at once.
extension QueueService {
    /// Gives leases more time, counted from now.
    ///
    /// Returns, for each that is no longer valid, the reason.
    package func extend(
        _ leaseIDs: [String],
        visibilityMilliseconds: Int,
        queue nameOrID: String
    ) async throws -> [String: String] {
        guard (1...Limits.visibilityMillisecondsMax).contains(visibilityMilliseconds) else {
            throw FlareError(
                .invalidArgument,
                "visibility_timeout_ms \(visibilityMilliseconds) is out of range",
                hint: "give 1 to \(Limits.visibilityMillisecondsMax) milliseconds"
            )
        }
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            let until = self.time.now() + .milliseconds(visibilityMilliseconds)
            var warnings: [String: String] = [:]
            var hasExpired = false
            let stale = "the lease is no longer valid: its message was settled or delivered again"
            for run in LeaseRun.runs(leaseIDs.map { ($0, $0) }, stale: { warnings[$0] = stale }) {
                var sequence = run.first
                while sequence < run.end {
                    // One that has run out counts as long as nobody else has got its message.
                    guard let found = try SpanRecord.find(sequence, in: tx), found.queue == queue.number,
                        found.lease?.token == run.token
                    else {
                        warnings[run.texts[Int(sequence - run.first)]] = stale
                        sequence += 1
                        continue
                    }
                    let range = sequence..<min(run.end, found.sequences.upperBound)
                    var span = try found.isolate(range, in: tx)
                    span.visibleAt = until
                    try span.updateFate(in: tx)
                    if span.enqueuedAt + .seconds(queue.settings.retentionSeconds) <= until { hasExpired = true }
                    sequence = range.upperBound
                }
            }
            // Less time than a lease had shows its message earlier than whoever waits for it has been told.
            tx.afterCommit { [hasExpired] in
                self.signals.notify(queue.id)
                if hasExpired { self.signals.expects(expiryAt: until) }
            }
            return warnings
        }
    }

    /// Sends more messages in one transaction than a client may in one call: all are accepted or none.
    ///
    /// Throws `invalidData` naming the first message whose body is not what its content type says.
    package func sendBulk(_ messages: [NewMessage], to nameOrID: String) async throws -> QueueMetrics {
        guard messages.count <= Limits.messageBulkMax else {
            throw FlareError(
                .invalidArgument,
                "\(messages.count) messages are more than one transaction takes",
                hint: "send at most \(Limits.messageBulkMax) at once"
            )
        }
        for (index, message) in messages.enumerated() {
            guard message.contentType == .json, !JSONBytes.isValid(message.body) else { continue }
            throw FlareError(.invalidData, "message \(index + 1) of \(messages.count) is not valid JSON")
        }
        return try await database.write { tx in
            let queue = try self.record(named: nameOrID, in: tx)
            try tx.requireRoom(for: messages.reduce(0) { $0 + $1.body.count })
            try self.insert(messages, into: queue.id, at: self.time.now(), in: tx)
            let metrics = try self.metrics(of: queue, in: tx)
            guard metrics.backlogBytes <= Limits.queueBacklogBytesMax else {
                throw FlareError(
                    .tooManyRequests,
                    "queue \"\(queue.name)\" is full: \(formatSizeBytes(metrics.backlogBytes)) wait in it",
                    hint: "consume or purge it"
                )
            }
            return metrics
        }
    }
}

import FlareModel
import FlareStore

/// Some of the events of an instance, for a subscriber that asks for them piece by piece.
struct EventPage: Sendable {
    var events: [JSONValue] = []
    /// Where the next page begins.
    var cursor: Int64
    /// Whether the instance has ended and had no more lines than this page has gone through.
    var isOver = false
}

extension WorkflowService {
    /// The events of an instance after a cursor, at most a page of them.
    ///
    /// Waits for the first one until `deadline`. No types stand for all.
    func nextEvents(
        of id: String,
        _ name: String,
        after cursor: Int64,
        types: Set<String>,
        until deadline: Timestamp
    ) async throws -> EventPage {
        try checkEventTypes(types.sorted())
        let instance = try await store.database.read { try self.instance(id, of: name, in: $0) }
        return try await store.watchers.watching(instance.sequence) { changed in
            var cursor = cursor
            while true {
                let (page, isWhole) = try await store.database.read { [cursor] in
                    try self.page(of: instance, after: cursor, types, in: $0)
                }
                if !page.events.isEmpty || page.isOver { return page }
                cursor = page.cursor
                if isWhole {
                    guard store.time.now() < deadline else { return page }
                    await changed.wait(until: deadline, time: store.time)
                }
                try Task.checkCancellation()
            }
        }
    }

    /// A page as it is now, and whether it reaches to the end of the log.
    private func page(
        of instance: InstanceRecord,
        after cursor: Int64,
        _ types: Set<String>,
        in transaction: Transaction
    ) throws -> (page: EventPage, isWhole: Bool) {
        guard let now = try InstanceRecord.find(instance.sequence, in: transaction) else {
            throw FlareError(.instanceNotFound, "the instance was deleted")
        }
        let limit = Limits.workflowEventPageMax
        let lines = try LogRecord.list(of: instance.sequence, after: cursor, limit: limit, in: transaction)
        var page = EventPage(cursor: cursor)
        var bytes = 0
        for line in lines where bytes < Limits.workflowEventPageBytes {
            page.cursor = line.cursor
            guard InstanceEvent.mayBe(types, line),
                let event = try InstanceEvent(line, of: now, in: transaction).body(types)
            else { continue }
            bytes += event.jsonBytes.count
            page.events.append(event)
        }
        let isWhole = lines.count < limit && page.cursor == lines.last?.cursor ?? cursor
        page.isOver = isWhole && now.status.isFinal
        return (page, isWhole)
    }
}

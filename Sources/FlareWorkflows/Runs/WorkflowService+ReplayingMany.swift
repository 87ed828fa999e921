package import FlareModel
import FlareStore

extension WorkflowService {
    /// Replays all instances that a filter finds, each in a transaction of its own, from the oldest on; tells of each.
    ///
    /// Those that began after the call are left alone, so that it ends, and so that new instances that it makes are not
    /// replayed themselves. An instance that cannot be replayed is told of and left as it is. When the caller goes away
    /// the rest is not done: each instance is either as it was or wholly begun anew.
    package func replayAll(
        of name: String,
        where conditions: InstanceConditions,
        _ order: ReplayOrder,
        perSecond rate: Double? = nil,
        isDryRun: Bool = false,
        _ tell: @Sendable (ReplayedBody) async throws -> Void
    ) async throws -> ReplaySummaryBody {
        var filter = InstanceFilter()
        filter.conditions = conditions
        filter.ascending = true
        filter.limit = Limits.workflowReplayRoundMax
        let last = try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            return try InstanceRecord.latest(of: workflow.id, in: transaction)?.sequence ?? 0
        }
        var summary = ReplaySummaryBody(isDryRun: isDryRun)
        // In milliseconds, with a fraction: a rate may be above a thousand a second.
        var next = 0.0
        while true {
            let (ids, cursor) = try await round(of: name, filter, upTo: last)
            for id in ids {
                if let rate {
                    await store.time.sleep(until: Timestamp(milliseconds: Int64(next.rounded(.up))))
                    next = max(next, Double(store.time.now().milliseconds)) + 1000 / rate
                }
                try Task.checkCancellation()
                let outcome = try await replayOne(id, of: name, order, isDryRun: isDryRun)
                summary.matched += 1
                if outcome.error == nil { summary.replayed += 1 } else { summary.refused += 1 }
                try await tell(outcome)
            }
            guard let cursor, cursor < last else { return summary }
            filter.cursor = cursor
        }
    }

    /// The ids of one round, none younger than `last`, and where the next round begins.
    private func round(
        of name: String,
        _ filter: InstanceFilter,
        upTo last: Int64
    ) async throws -> (ids: [String], cursor: Int64?) {
        try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            let now = self.store.time.now()
            let found = try InstanceRecord.list(of: workflow.id, filter, at: now, in: transaction)
            return (found.page.filter { $0.sequence <= last }.map(\.id), found.cursor)
        }
    }

    private func replayOne(
        _ id: String,
        of name: String,
        _ order: ReplayOrder,
        isDryRun: Bool
    ) async throws -> ReplayedBody {
        do {
            var body = try await isDryRun ? plannedReplay(id, of: name, order) : replay(id, of: name, order)
            body.steps = nil
            return body
        } catch let error as FlareError {
            switch error.code {
            // One instance's own fault; anything else concerns all of them.
            case .inUse, .instanceNotFound, .invalidArgument:
                var body = ReplayedBody(id: id)
                body.error = EnvelopeError(error)
                return body
            default: throw error
            }
        }
    }
}

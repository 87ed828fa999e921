import FlareModel
import FlareStore
import Synchronization

/// What all workflows have counted in their life: a sum over their log.
///
/// The log is written in the transactions of what it tells of, so the counts are exact after any end of the engine:
/// the part that was not saved is read from the log again. Lines are read some seconds later, or when somebody asks, so
/// that running code does not wait for it. Only lines of instances that are deleted within those seconds are missed.
final class WorkflowMetrics: Sendable {
    private struct State {
        var isRestored = false
        /// The last line of the log that is counted.
        var cursor: Int64 = 0
        var workflows: [String: WorkflowCounts] = [:]
        /// Series that differ from what is saved, by workflow.
        var unsaved: [String: Set<MetricSeries.Key>] = [:]

        mutating func count(_ lines: [MetricLineRecord]) {
            for line in lines {
                let key = workflows[line.workflowID, default: WorkflowCounts()].add(line.end)
                unsaved[line.workflowID, default: []].insert(key)
            }
            cursor = lines.last?.sequence ?? cursor
        }
    }

    private let database: Database
    private let state = Mutex(State())

    init(_ database: Database) {
        self.database = database
    }

    /// The series of a workflow as of now, in the order in which they were first seen.
    func series(of workflow: String) async throws -> [MetricSeries] {
        try await catchUp()
        return state.withLock { $0.workflows[workflow]?.series ?? [] }
    }

    /// The series of all workflows as of now.
    func all() async throws -> [String: [MetricSeries]] {
        try await catchUp()
        return state.withLock { $0.workflows.mapValues(\.series) }
    }

    /// Saves what has changed since the last time.
    func save() async throws {
        try await catchUp()
        let (cursor, changes) = state.withLock { state in
            let changes = state.unsaved.map { id, keys in
                (id, keys, state.workflows[id]?.series.filter { keys.contains($0.key) } ?? [])
            }
            state.unsaved = [:]
            return (state.cursor, changes)
        }
        guard !changes.isEmpty else { return }
        do {
            let deleted = try await database.write { transaction in
                try MetricRecord.setCursor(cursor, in: transaction)
                return try changes.filter { id, _, series in
                    guard try MetricRecord.exists(id, in: transaction) else { return true }
                    for one in series { try MetricRecord.save(one, of: id, in: transaction) }
                    return false
                }.map(\.0)
            }
            state.withLock { state in
                for id in deleted { state.workflows[id] = nil }
            }
        } catch {
            state.withLock { state in
                for (id, keys, _) in changes { state.unsaved[id, default: []].formUnion(keys) }
            }
            throw error
        }
    }

    /// Counts the lines that have been written since the last time.
    private func catchUp() async throws {
        try await restore()
        let limit = Limits.workflowMetricsPageMax
        while true {
            let cursor = state.withLock { $0.cursor }
            let lines = try await database.read { try MetricLineRecord.list(after: cursor, limit: limit, in: $0) }
            let isOver = state.withLock { state in
                // Somebody else has counted these lines meanwhile.
                guard state.cursor == cursor else { return false }
                state.count(lines)
                return lines.count < limit
            }
            if isOver { return }
        }
    }

    private func restore() async throws {
        guard !state.withLock({ $0.isRestored }) else { return }
        let (cursor, saved) = try await database.read { transaction in
            (try MetricRecord.cursor(in: transaction), try MetricRecord.list(in: transaction))
        }
        state.withLock { state in
            guard !state.isRestored else { return }
            state.isRestored = true
            state.cursor = cursor
            state.workflows = saved.mapValues { WorkflowCounts($0) }
        }
    }
}

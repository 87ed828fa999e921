package import FlareModel
import FlareStore

extension WorkflowService {
    /// The time by the room's clock, for deadlines.
    package var now: Timestamp { store.time.now() }

    /// Waits until an instance has ended, at most until `deadline`, and returns it as it is then.
    package func wait(for id: String, of name: String, until deadline: Timestamp) async throws -> InstanceDetailBody {
        let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
        return try await store.watchers.watching(sequence) { changed in
            while true {
                let instance = try await store.database.read { transaction in
                    let instance = try self.instance(sequence, in: transaction)
                    let isDue = instance.status.isFinal || self.store.time.now() >= deadline
                    return isDue ? try instance.detail(in: transaction) : nil
                }
                if let instance { return instance }
                await changed.wait(until: deadline, time: store.time)
                try Task.checkCancellation()
            }
        }
    }

    /// Hands over an instance's log after a cursor, page by page.
    ///
    /// With `follows` it goes on as lines are written, until the instance has ended.
    package func logs(
        of id: String,
        _ name: String,
        after cursor: Int64,
        follows: Bool,
        _ receive: @Sendable ([InstanceLogBody]) async throws -> Void
    ) async throws {
        let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
        try await store.watchers.watching(sequence) { changed in
            var cursor = cursor
            while true {
                let (lines, isOver) = try await store.database.read { [cursor] transaction in
                    let limit = Limits.workflowLogPageMax
                    let lines = try LogRecord.list(of: sequence, after: cursor, limit: limit, in: transaction)
                    let isFinal = try self.instance(sequence, in: transaction).status.isFinal
                    return (lines, lines.count < limit && (!follows || isFinal))
                }
                if let last = lines.last {
                    try await receive(lines)
                    cursor = last.cursor
                }
                if isOver { return }
                if lines.count < Limits.workflowLogPageMax { await changed.wait() }
                try Task.checkCancellation()
            }
        }
    }

    private func instance(_ sequence: Int64, in transaction: Transaction) throws -> InstanceRecord {
        guard let instance = try InstanceRecord.find(sequence, in: transaction) else {
            throw FlareError(.instanceNotFound, "the instance was deleted")
        }
        return instance
    }
}

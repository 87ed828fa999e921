package import FlareModel
import FlareStore

/// What somebody waits for an instance to reach.
package enum InstanceGoal: Sendable, Hashable {
    case end
    case status(InstanceStatus)
    /// A step's end: its name, or the name with an occurrence, `read objects-1`.
    case step(String)
}

extension WorkflowService {
    /// The time by the room's clock, for deadlines.
    package var now: Timestamp { store.time.now() }

    /// Waits until a time by the room's clock.
    package func pause(until deadline: Timestamp) async {
        await store.time.sleep(until: deadline)
    }

    /// Waits until an instance has reached a goal or ended, at most until `deadline`, and returns it as it is then.
    package func wait(
        for id: String,
        of name: String,
        goal: InstanceGoal = .end,
        until deadline: Timestamp
    ) async throws -> InstanceDetailBody {
        let interest: InstanceWatchers.Interest = goal == .end ? .end : .changes
        let count = store.watchers.count(interest)
        let (sequence, found) = try await store.database.read { transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            return (instance.sequence, try self.detail(of: instance, at: goal, until: deadline, in: transaction))
        }
        if let found { return found }
        return try await store.watchers.watching(sequence, for: interest, since: count) { changed in
            while true {
                await changed.wait(until: deadline, time: store.time)
                try Task.checkCancellation()
                let found = try await store.database.read { transaction in
                    let instance = try self.instance(sequence, in: transaction)
                    return try self.detail(of: instance, at: goal, until: deadline, in: transaction)
                }
                if let found { return found }
            }
        }
    }

    /// An instance that has reached a goal or ended, or whose time is over; nil for any other.
    private func detail(
        of instance: InstanceRecord,
        at goal: InstanceGoal,
        until deadline: Timestamp,
        in transaction: Transaction
    ) throws -> InstanceDetailBody? {
        let isDue =
            try instance.status.isFinal || store.time.now() >= deadline
            || Self.isReached(goal, by: instance, in: transaction)
        return isDue ? try instance.detail(in: transaction) : nil
    }

    private static func isReached(
        _ goal: InstanceGoal,
        by instance: InstanceRecord,
        in transaction: Transaction
    ) throws -> Bool {
        switch goal {
        case .end: return instance.status.isFinal
        case .status(let status): return instance.status == status
        case .step(let label):
            return try WatchedRecord.hasEnded(step: label, of: instance.key, in: transaction)
        }
    }

    /// Hands over an instance's log after a cursor, page by page, over all its runs.
    ///
    /// With `follows` it goes on as lines are written, until the instance has ended.
    package func logs(
        of id: String,
        _ name: String,
        after cursor: Int64,
        follows: Bool,
        filter: InstanceLogFilter = InstanceLogFilter(),
        _ receive: @Sendable ([InstanceLogBody]) async throws -> Void
    ) async throws {
        let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
        try await logs(of: sequence, after: cursor, follows: follows, filter: filter, receive)
    }

    /// The same for an instance by its key in the database.
    func logs(
        of sequence: Int64,
        after cursor: Int64,
        follows: Bool,
        filter: InstanceLogFilter = InstanceLogFilter(),
        _ receive: @Sendable ([InstanceLogBody]) async throws -> Void
    ) async throws {
        try await store.watchers.watching(sequence) { changed in
            var cursor = cursor
            while true {
                let (lines, last, isFinal) = try await store.database.read { [cursor] transaction in
                    let limit = Limits.workflowLogPageMax
                    return (
                        try LogRecord.list(of: sequence, after: cursor, filter, limit: limit, in: transaction),
                        try LogRecord.last(of: sequence, in: transaction),
                        try self.instance(sequence, in: transaction).status.isFinal
                    )
                }
                let isPage = lines.count == Limits.workflowLogPageMax
                // Lines that the filter left out need not be looked at again.
                cursor = max(cursor, isPage ? lines.last?.cursor ?? last : last)
                if !lines.isEmpty { try await receive(lines) }
                if !isPage {
                    if !follows || isFinal { return }
                    await changed.wait()
                }
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

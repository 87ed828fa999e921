package import FlareModel
import FlareStore
import FlareWorkers
import Synchronization

/// Ending instances from outside, and deleting them.
extension WorkflowService {
    /// Ends an instance now.
    ///
    /// Code that runs is told to go, and nothing that it still says counts. With `rollback`, what its steps have done
    /// is undone first by their rollback handlers; the status is `rollingBack` until that is over. Throws `inUse` when
    /// the instance has ended before, or rolls back and should do so again.
    package func terminate(
        _ id: String,
        of name: String,
        rollback: Bool = false
    ) async throws -> (status: InstanceStatus, time: Timestamp) {
        try await ending(id, of: name) { [store] transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            let now = store.time.now()
            guard let status = try self.terminate(instance.key, rollback: rollback, at: now, in: transaction) else {
                throw FlareError(
                    .inUse,
                    "(instance.cannot_terminate) instance \"\(instance.id)\" is \(instance.status.rawValue) already",
                    hint: "see: flare workflows status \(name) \(instance.id)"
                )
            }
            return (status, now)
        }
    }

    /// Writes what ends the run of an instance from outside, and before it each step that has begun by then.
    func ending<Value: Sendable>(
        _ id: String,
        of name: String,
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        let key = try await store.database.read { try self.instance(id, of: name, in: $0).key }
        let life = lives.find(key)
        try await life?.writeThrough()
        // A step for which a permit was out may begin until the last moment.
        let begun = CarriedSteps()
        do {
            return try await store.persist { transaction in
                try life?.put(begun, in: transaction)
                return try body(transaction)
            }
        } catch {
            life?.putBack(begun)
            throw error
        }
    }

    /// Ends a run, or begins to undo it.
    ///
    /// Returns its status then; nil when it has ended before, or cannot be undone again.
    private func terminate(
        _ key: RunKey,
        rollback: Bool,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> InstanceStatus? {
        var state = try RunRecord.state(of: key, in: transaction)
        let ledger = StepLedger(run: key, now: now, transaction: transaction)
        let isUndone = try rollback && (state.status == .rollingBack || ledger.hasRollbacks())
        switch state.event(isUndone ? .undone(closing: .terminated) : .terminated, at: now) {
        case .wake(let wake):
            try ledger.beginRollback(state, nil, wake: wake)
        case .end:
            try ledger.interruptOpen()
            try store.end(key, state, RunRecord.Result(), at: now, in: transaction)
            try ledger.log(LogRecord(.workflowTerminated))
        default: return nil
        }
        transaction.afterCommit { [store, lives] in
            lives.find(key)?.stop()
            store.watchers.notify(key.instance)
            lives.look()
        }
        return state.status
    }

    /// Ends all unfinished instances of a workflow, or those that stand at one status, some at a time.
    ///
    /// Returns how many it ended; nil when another call does it already.
    package func terminateAll(of name: String, _ status: InstanceStatus?) async throws -> Int? {
        let workflow = try await store.database.read { try self.workflow(name, in: $0).id }
        guard endings.withLock({ $0.insert(workflow).inserted }) else { return nil }
        defer { endings.withLock { _ = $0.remove(workflow) } }
        var count = 0
        for status in InstanceStatus.allCases.filter({ status == nil ? !$0.isFinal : $0 == status && !$0.isFinal }) {
            while true {
                let ended = try await store.persist { [store] transaction in
                    let limit = Limits.workflowTerminateBatchMax
                    let keys = try RunRecord.current(of: workflow, status, limit: limit, in: transaction)
                    let now = store.time.now()
                    for key in keys { _ = try self.terminate(key, rollback: false, at: now, in: transaction) }
                    return keys.count
                }
                count += ended
                if ended < Limits.workflowTerminateBatchMax { break }
                try Task.checkCancellation()
            }
        }
        return count
    }

    /// Deletes ended instances with all their history.
    ///
    /// Each id is answered for itself, as deleted or with why it is not: an instance that has not ended must be
    /// terminated first.
    package func deleteInstances(_ ids: [String], of name: String) async throws -> InstancesDeletedBody {
        guard (1...Limits.workflowBatchMax).contains(ids.count) else {
            throw FlareError(
                .invalidArgument,
                "1 to \(Limits.workflowBatchMax) instances are deleted at once; these are \(ids.count)"
            )
        }
        return try await store.persist { [store] transaction in
            let workflow = try self.workflow(name, in: transaction)
            var body = InstancesDeletedBody()
            for id in ids {
                guard let instance = try InstanceRecord.find(id, of: workflow.id, in: transaction) else {
                    let message = "workflow \"\(workflow.name)\" has no instance \"\(id)\""
                    body.errors.append(.init(id: id, code: FlareError.Code.instanceNotFound.apiCode, message: message))
                    continue
                }
                guard instance.status.isFinal else {
                    let message = "instance \"\(id)\" is \(instance.status.rawValue); terminate it first"
                    body.errors.append(.init(id: id, code: FlareError.Code.invalidArgument.apiCode, message: message))
                    continue
                }
                try InstanceRecord.delete(instance.sequence, in: transaction)
                body.deleted.append(.init(id: id))
                transaction.afterCommit { store.watchers.notify(instance.sequence) }
            }
            return body
        }
    }
}

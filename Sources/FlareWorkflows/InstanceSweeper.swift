import FlareModel
import FlareStore
import Logging
import Synchronization

/// When the next instance is to be deleted, and the wake of the loop that does it.
final class ExpiryClock: Sendable {
    private let next = Mutex<Timestamp?>(nil)
    /// For the sweeper alone.
    let wake = Wake()

    /// An instance will have to be deleted then; wakes the sweeper only when that is earlier than all it knows of.
    func expects(_ deletion: Timestamp) {
        let isEarlier = next.withLock { next in
            if let known = next, known <= deletion { return false }
            next = deletion
            return true
        }
        if isEarlier { wake.notify() }
    }

    func set(_ deletion: Timestamp?) {
        next.withLock { $0 = deletion }
    }
}

/// Deletes ended instances whose retention is over, and those of deleted workflows, a few in each transaction.
///
/// Woken by the time of the next one and by the deletion of a workflow alone.
struct InstanceSweeper: Sendable {
    let store: WorkflowStore

    /// Runs until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                let (isMore, next) = try await sweep()
                if isMore { continue }
                await store.expiry.wake.wait(until: next, time: store.time)
            } catch {
                let text = "workflow instances that expired or were deleted are still there"
                store.logger.error("\(text)", metadata: ["error": "\(error)"])
                await store.time.sleep(until: store.time.now() + .seconds(1))
            }
        }
    }

    private func sweep() async throws -> (isMore: Bool, next: Timestamp?) {
        try await store.database.write { [store] transaction in
            let now = store.time.now()
            let limit = Limits.workflowExpiryBatchMax
            var isMore = try RunRecord.deleteExpired(limit: limit, at: now, in: transaction) == limit
            if !isMore { isMore = try WorkflowRecord.deleteSome(limit: limit, in: transaction) }
            let next = try RunRecord.nextExpiry(in: transaction)
            // While this body runs no other transaction ends a run, so that no earlier time is lost.
            store.expiry.set(next)
            return (isMore, next)
        }
    }
}

import FlareModel
import FlareStore
import Logging
import ServiceLifecycle

/// Starts the code of runs that are due: new ones, those whose wait is over, and those that a stop of the engine cut
/// off.
///
/// Woken by commits and deadlines alone.
package struct WorkflowScheduler: Service {
    private let store: WorkflowStore
    private let lives: Lives
    private let hooks: WorkflowHooks

    init(store: WorkflowStore, lives: Lives, hooks: WorkflowHooks) {
        self.store = store
        self.lives = lives
        self.hooks = hooks
    }

    /// Runs until a graceful shutdown.
    ///
    /// Code that still runs then is put aside and resumed by the next start.
    package func run() async throws {
        try await recover()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await InstanceSweeper(store: store).run() }
                group.addTask { await loop() }
                group.addTask { await store.deadlines.run() }
            }
        }
    }

    /// Runs that were cut off by the end of the engine become due; their open attempts are marked as interrupted.
    private func recover() async throws {
        let count = try await store.persist { [store] transaction in
            let now = store.time.now()
            let keys = try RunRecord.running(in: transaction)
            for key in keys {
                var state = try RunRecord.state(of: key, in: transaction)
                let action = state.event(.interrupted, at: now)
                let ledger = StepLedger(run: key, now: now, transaction: transaction)
                switch action {
                case .wake(let wake):
                    try ledger.interruptOpen()
                    try RunRecord.setWaiting(key, state, wake: wake, at: now, in: transaction)
                    try ledger.log(LogRecord(.workflowInterrupted, message: "the engine was restarted", dueAt: wake))
                case .pause:
                    try store.pause(state, ledger)
                default: break
                }
            }
            return keys.count
        }
        if count > 0 { store.logger.info("resuming workflow instances", metadata: ["count": "\(count)"]) }
    }

    private func loop() async {
        lives.setServing(true)
        defer { lives.setServing(false) }
        var alarm: Deadlines.Token?
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let work = lives.work()
                for start in work.starts { group.addTask { await run(start) } }
                guard work.mustLook else {
                    await lives.wait()
                    continue
                }
                if let alarm { store.deadlines.drop(alarm) }
                do {
                    let free = lives.freePlaces
                    let (starts, next) = try await claim(free)
                    lives.takePlaces(starts.count, of: free)
                    for start in starts { group.addTask { await run(start) } }
                    alarm = next.map { store.deadlines.set(at: $0) { [lives] in lives.look() } }
                } catch {
                    store.logger.error("due workflow instances could not be read", metadata: ["error": "\(error)"])
                    alarm = store.deadlines.set(at: store.time.now() + .seconds(1)) { [lives] in lives.look() }
                }
            }
        }
    }

    private func run(_ start: LifeStart) async {
        await InstanceDriver(start, store: store, lives: lives, hooks: hooks).run()
        if start.life.holdsPlace { lives.freePlace() }
    }

    /// Takes due runs for the free places.
    ///
    /// Returns when the next run is due, if a place is left for it.
    ///
    /// Their lives can be found from the commit on: whoever pauses or ends a run afterwards tells its life.
    private func claim(_ free: Int) async throws -> ([LifeStart], Timestamp?) {
        guard free > 0 else { return ([], nil) }
        return try await store.database.write { [store, lives] transaction in
            let now = store.time.now()
            let claims = try RunRecord.claim(limit: free, at: now, in: transaction)
            let starts = try claims.map { claim in
                let ledger = StepLedger(run: claim.key, now: now, transaction: transaction)
                // A run that is undone goes no further.
                if claim.closing == nil, !claim.isFirst { try ledger.settleDue() }
                try ledger.log(LogRecord(.workflowRunning))
                // A run that is undone does not go on.
                if claim.closing == nil { try store.events.tell(.started, claim.key, at: now, in: transaction) }
                let life = Life(claim, store: store, lives: lives)
                transaction.afterCommit {
                    lives.insert(life, for: claim.key)
                    store.watchers.notify(claim.key.instance)
                }
                let isShort = claim.isFirst && claim.closing == nil
                let preparation = isShort ? try LifeStart.prepare(claim, at: now, in: transaction) : nil
                return LifeStart(claim: claim, life: life, preparation: preparation)
            }
            let next = claims.count < free ? try RunRecord.nextWake(after: now, in: transaction) : nil
            return (starts, next)
        }
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// A run that got a place, and its life that is to begin.
struct LifeStart: Sendable {
    let claim: RunRecord.Claim
    let life: Life
    /// What its code needs; nil when it is still to be read, since the journal may be long.
    let preparation: Preparation?

    /// What the code of a run needs to begin or to go on.
    struct Preparation: Sendable {
        var start: WorkflowStart
        var version: WorkflowVersionRecord
        var inheritance: Life.Inheritance
        /// Whether nothing is left to undo of a run that rolls back.
        var isUndone = false

        func invocation(_ life: Life, onLog: @escaping @Sendable (ConsoleLine) -> Void) -> Invocation {
            // Given only when a process has the code: until then it could not say what it does with it, and a pause
            // would have to wait for that.
            let permits = { @Sendable in life.permit() }
            return start.invocation(
                worker: version.worker,
                version: version.workerVersion,
                className: version.className,
                permits: inheritance.journal.isEmpty ? permits : nil,
                onCall: { life.take($0, $1) },
                onLog: onLog
            )
        }
    }

    /// The first life of an instance that is created with a place.
    init(
        _ instance: InstanceRecord,
        of workflow: WorkflowRecord,
        _ new: NewInstance,
        store: WorkflowStore,
        lives: Lives
    ) {
        claim = RunRecord.Claim(key: instance.key, invocation: 1, isFirst: true)
        life = Life(claim, store: store, lives: lives)
        preparation = Preparation(
            start: WorkflowStart(
                workflow: workflow.name,
                instance: instance.id,
                timestamp: instance.createdAt,
                payload: new.params,
                schedule: new.schedule
            ),
            version: workflow.version,
            inheritance: Life.Inheritance(
                journal: [],
                unfinished: [],
                stepsMax: workflow.settings.steps ?? Limits.workflowStepsMax
            )
        )
    }

    init(claim: RunRecord.Claim, life: Life, preparation: Preparation?) {
        self.claim = claim
        self.life = life
        self.preparation = preparation
    }

    /// Reads what the code of a run needs.
    static func prepare(
        _ claim: RunRecord.Claim,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Preparation {
        guard let facts = try LifeFactsRecord.find(claim.key, in: transaction) else {
            throw FlareError(.instanceNotFound, "the instance was deleted")
        }
        let ledger = StepLedger(run: claim.key, now: now, transaction: transaction)
        // A run that begins has no steps.
        let journal = claim.isFirst ? [] : try ledger.journal()
        let start = WorkflowStart(
            workflow: facts.workflow,
            instance: facts.instance,
            timestamp: facts.createdAt,
            payload: facts.params,
            journal: journal.map(\.entry),
            schedule: facts.schedule
        )
        let unfinished = claim.isFirst ? [] : try StepRecord.unfinished(of: claim.key, in: transaction)
        var preparation = Preparation(
            start: start,
            version: facts.version,
            inheritance: Life.Inheritance(
                journal: journal.map(\.sequence),
                unfinished: Set(unfinished),
                stepsMax: facts.settings.steps ?? Limits.workflowStepsMax
            )
        )
        if claim.closing != nil {
            let remains = try ledger.remains()
            let error = try RunRecord.result(claim.key, in: transaction).error ?? StepLedger.terminated
            preparation.isUndone = remains.failure != nil || remains.steps.isEmpty
            preparation.start.rollback = RollbackPlan(steps: remains.steps, error: error)
        }
        return preparation
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// Undoing what a run has done: the handlers of its steps run as durable steps, the last step's first.
extension StepLedger {
    /// What is left to undo.
    struct Remains: Sendable {
        /// In the order in which they are undone.
        var steps: [RollbackPlan.Step]
        /// The handler that failed for good; nothing is undone after it.
        var failure: (step: StepKey, error: JavaScriptError)?
    }

    /// Whether a step has begun that knows how to undo itself.
    func hasRollbacks() throws -> Bool {
        try StepRecord.hasRollbacks(of: run, in: transaction)
    }

    func remains() throws -> Remains {
        let steps = try StepRecord.list(of: run, in: transaction)
        let handlers = steps.filter { $0.key.kind == .rollback && $0.isFinished }
        let undone = Set(handlers.map { "\($0.key.occurrence) \($0.key.name)" })
        let left = steps.filter { step in
            step.key.kind == .do && step.hasRollback && !undone.contains("\(step.key.occurrence) \(step.key.name)")
        }
        let failed = handlers.first { $0.status == .failed }
        return Remains(
            steps: left.reversed().map { step in
                RollbackPlan.Step(
                    name: StepCall.StepName(name: step.key.name, occurrence: step.key.occurrence),
                    attempt: step.attempts,
                    config: step.config ?? .standard
                )
            },
            failure: failed.flatMap { step in step.error.map { (step.key, $0) } }
        )
    }

    /// Begins to undo: marks what still runs as interrupted and lets the run be started again for it.
    ///
    /// `error` is what the run will end with; nil when somebody terminates it.
    func beginRollback(_ state: RunState, _ error: JavaScriptError?, wake: Timestamp) throws {
        try interruptOpen()
        try RunRecord.setRollingBack(run, state, error, wake: wake, at: now, in: transaction)
        try log(LogRecord(.rollbackStarted, error: error))
    }

    /// Lets the run stand still until it is resumed.
    func pause(_ state: RunState) throws {
        try interruptOpen()
        try RunRecord.setPaused(run, state, at: now, in: transaction)
        try log(LogRecord(.workflowPaused))
    }

    /// Writes how undoing came out.
    func logRollback(_ failure: JavaScriptError?, step: StepKey? = nil) throws {
        try log(LogRecord(failure == nil ? .rollbackCompleted : .rollbackFailed, step: step?.label, error: failure))
    }

    /// What the code is told as the reason when somebody terminates the run.
    static let terminated = JavaScriptError(name: "WorkflowTerminated", message: "the instance was terminated")
}

extension LogRecord.Kind {
    /// The kind of a line about a rollback handler that is this for a step.
    var ofRollback: LogRecord.Kind {
        switch self {
        case .stepStarted: .rollbackStepStarted
        case .stepCompleted: .rollbackStepCompleted
        case .stepErrored: .rollbackStepErrored
        case .attemptStarted: .rollbackAttemptStarted
        case .attemptCompleted: .rollbackAttemptCompleted
        case .attemptErrored: .rollbackAttemptErrored
        case .attemptTimedOut: .rollbackAttemptTimedOut
        case .attemptInterrupted: .rollbackAttemptInterrupted
        default: self
        }
    }
}

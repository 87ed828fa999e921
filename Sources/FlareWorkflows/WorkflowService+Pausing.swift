package import FlareModel
import FlareStore

/// Letting instances stand still and go on.
extension WorkflowService {
    /// Lets an instance stand still.
    ///
    /// Steps that run may end first; no other begins, and what it waits for waits on. Returns the status that it has
    /// now: `paused` at once when no code runs, else `waitingForPause`. An instance that is paused or rolls back stays
    /// as it is; throws `inUse` when it has ended, and `invalidArgument` for the run of a script.
    package func pause(_ id: String, of name: String) async throws -> (status: InstanceStatus, time: Timestamp) {
        try await change(id, of: name, .pauseAsked, to: "pause") { ledger, state, action, life in
            switch action {
            case .pause:
                try self.store.pause(state, ledger)
            case .change:
                try RunRecord.setStatus(ledger.run, state, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowWaitingForPause))
                ledger.transaction.afterCommit { life()?.setPausing(true) }
            default: break
            }
        }
    }

    /// Lets a paused instance go on, with all it waits for as much later as the pause has lasted.
    ///
    /// A pause that has not begun yet is called off. Returns the status that the instance has now; one that is not
    /// paused stays as it is. Throws `inUse` when it has ended.
    package func resume(_ id: String, of name: String) async throws -> (status: InstanceStatus, time: Timestamp) {
        try await change(id, of: name, .resumeAsked, to: "resume") { ledger, state, action, life in
            switch action {
            case .unpause:
                try RunRecord.setResumed(ledger.run, state, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowResumed))
            case .change:
                try RunRecord.setStatus(ledger.run, state, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowResumed))
                ledger.transaction.afterCommit { life()?.setPausing(false) }
            default: break
            }
        }
    }

    /// A script has no code of ours that could be held back, and nothing but its own process goes on with it.
    private func requireCode(
        _ name: String,
        _ instance: InstanceRecord,
        to verb: String,
        in transaction: Transaction
    ) throws {
        let workflow = try workflow(name, in: transaction)
        guard workflow.kind == .shell else { return }
        throw FlareError(
            .invalidArgument,
            "(instance.cannot_\(verb)) instance \"\(instance.id)\" is the run of a script, which cannot \(verb)",
            hint: "stop the script, and run it again with --id \(instance.id) to go on where it was"
        )
    }

    /// Applies what somebody asks of an instance to its current run.
    private func change(
        _ id: String,
        of name: String,
        _ event: RunState.Event,
        to verb: String,
        _ body:
            @escaping @Sendable (
                StepLedger, RunState, RunState.Action, _ life: @escaping @Sendable () -> Life?
            ) throws -> Void
    ) async throws -> (status: InstanceStatus, time: Timestamp) {
        try await store.persist { [store, lives] transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            try self.requireCode(name, instance, to: verb, in: transaction)
            var state = try RunRecord.state(of: instance.key, in: transaction)
            guard !state.status.isFinal else {
                throw FlareError(
                    .inUse,
                    "(instance.cannot_\(verb)) instance \"\(instance.id)\" is \(state.status.rawValue) already",
                    hint: "see: flare workflows status \(name) \(instance.id)"
                )
            }
            let now = store.time.now()
            let action = state.event(event, at: now)
            let ledger = StepLedger(run: instance.key, now: now, transaction: transaction)
            try body(ledger, state, action) { lives.find(instance.key) }
            transaction.afterCommit {
                store.watchers.notify(instance.sequence)
                lives.look()
            }
            return (state.status, now)
        }
    }
}

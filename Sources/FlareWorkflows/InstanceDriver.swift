import FlareModel
import FlareStore
import FlareWorkers
import Logging

/// Runs one life of a run: starts its code with the journal of finished steps, and writes down how it ended.
struct InstanceDriver: Sendable {
    private let start: LifeStart
    private let store: WorkflowStore
    private let lives: Lives
    private let invoke: @Sendable (Invocation) async throws -> InvocationResult

    init(_ start: LifeStart, store: WorkflowStore, lives: Lives, hooks: WorkflowHooks) {
        self.start = start
        self.store = store
        self.lives = lives
        invoke = hooks.invoke
    }

    private var claim: RunRecord.Claim { start.claim }
    private var life: Life { start.life }

    /// How the code ended.
    private enum CodeEnd: Sendable {
        case returned(InvocationResult)
        case threw(JavaScriptError)
        /// The process died or could not be started.
        case lost(FlareError)
        /// This code took its process down.
        case faulted(WorkerFault)
        /// The process died, and this code was not to blame.
        case disturbed(FlareError)
        case cancelled
    }

    private enum Part: Sendable {
        case code(CodeEnd)
        case watch(Life.End)
    }

    /// Returns when the run is put aside or has ended, and that is written down.
    func run() async {
        defer {
            lives.remove(life, for: claim.key)
            life.close()
        }
        do {
            let preparation = try await preparation()
            if preparation.isUndone { return try await finishRollback(nil) }
            life.inherit(preparation.inheritance)
            let (code, watch) = await live(preparation.invocation(life, onLog: console))
            try await life.writeRest()
            try await end(code, watch)
        } catch is CancellationError {
            // The engine stops. The next start finds the run as running and resumes it.
        } catch {
            await failed(error)
        }
    }

    private func live(_ invocation: Invocation) async -> (CodeEnd, Life.End) {
        await withTaskGroup(of: Part.self) { group in
            group.addTask { .code(await call(invocation)) }
            group.addTask { .watch(await life.watchOver()) }
            var code = CodeEnd.cancelled
            var watch = Life.End.stopped
            // The first to end decides; the other one is cancelled, which puts the code aside.
            for await part in group {
                switch part {
                case .code(let end): code = end
                case .watch(let end): watch = end
                }
                group.cancelAll()
            }
            return (code, watch)
        }
    }

    private func call(_ invocation: Invocation) async -> CodeEnd {
        do {
            return .returned(try await invoke(invocation))
        } catch is CancellationError {
            return .cancelled
        } catch let error as FlareError {
            if let thrown = error.cause as? JavaScriptError { return .threw(thrown) }
            if let fault = error.cause as? WorkerFault { return .faulted(fault) }
            if error.cause is BystanderLost { return .disturbed(error) }
            switch error.code {
            case .workerNotFound, .invalidArgument, .buildFailed, .runFailed:
                // No retry can mend what is not there.
                return .threw(JavaScriptError(name: "WorkflowError", message: error.description))
            default:
                return Task.isCancelled ? .cancelled : .lost(error)
            }
        } catch {
            return .lost(FlareError(.internalError, "the invocation failed: \(error)", cause: error))
        }
    }

    private func preparation() async throws -> LifeStart.Preparation {
        if let preparation = start.preparation { return preparation }
        return try await store.database.read { [claim, now = store.time.now()] in
            try LifeStart.prepare(claim, at: now, in: $0)
        }
    }

    // MARK: - Ending

    private func end(_ code: CodeEnd, _ watch: Life.End) async throws {
        switch (code, watch) {
        case (.returned(let result), _): try await returned(result)
        case (.threw(let error), _): try await threw(error)
        case (_, .suspend(let due, let waits)): try await suspend(until: due, waits)
        case (_, .drained): try await pause()
        case (_, .hung(let step)): try await hung(step)
        case (.lost(let error), _): try await lost(error.description)
        case (.faulted(let fault), _): try await faulted(fault)
        case (.disturbed(let error), _): try await disturbed(error.message)
        // Ended from outside, or the engine stops: there is nothing to add.
        case (.cancelled, .stopped): break
        }
    }

    private func returned(_ result: InvocationResult) async throws {
        if claim.closing != nil {
            let missing = RollbackPlan.missing(of: result).map { step in
                JavaScriptError(
                    name: "RollbackMissing",
                    message: "the code did not offer the rollback handler of step \"\(step)\" again"
                )
            }
            return try await finishRollback(missing)
        }
        let notes = WorkflowNote.notes(of: result)
        let isQuiet = life.isQuiet
        try await settle({ _ in .returned }) { ledger, state, action in
            guard action == .end else { return }
            for note in notes { try ledger.log(LogRecord(.warning, message: "\(note.code): \(note.message)")) }
            let result = RunRecord.Result(output: result.body)
            if !isQuiet { try ledger.interruptOpen() }
            try store.end(ledger.run, state, result, at: ledger.now, in: ledger.transaction)
            try ledger.log(LogRecord(.workflowCompleted))
        }
    }

    private func threw(_ error: JavaScriptError) async throws {
        if claim.closing != nil { return try await finishRollback(error) }
        try await settle({ try $0.hasRollbacks() ? .undone(closing: .errored) : .threw }) { ledger, state, action in
            switch action {
            case .wake(let wake):
                try ledger.beginRollback(state, error, wake: wake)
            case .end:
                try ledger.interruptOpen()
                let result = RunRecord.Result(error: error)
                try store.end(ledger.run, state, result, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowErrored, error: error))
            default: break
            }
        }
    }

    /// Ends a run that has been undone, with the status and the error that it had before.
    ///
    /// `failure` tells why undoing stopped, unless a handler has failed: that is in its rows.
    private func finishRollback(_ failure: JavaScriptError?) async throws {
        try await settle({ _ in .returned }) { ledger, state, action in
            guard action == .end else { return }
            let remains = try ledger.remains()
            try ledger.interruptOpen()
            try ledger.logRollback(remains.failure?.error ?? failure, step: remains.failure?.step)
            let error = try RunRecord.result(ledger.run, in: ledger.transaction).error
            try store.end(ledger.run, state, RunRecord.Result(error: error), at: ledger.now, in: ledger.transaction)
            try ledger.log(LogRecord(state.status == .errored ? .workflowErrored : .workflowTerminated, error: error))
        }
    }

    private func pause() async throws {
        try await settle({ _ in .drained }) { ledger, state, action in
            switch action {
            case .pause: try store.pause(state, ledger)
            // The pause was called off at the last moment.
            case .wake(let wake): try wait(ledger, state, until: wake)
            default: break
            }
        }
    }

    private func wait(_ ledger: StepLedger, _ state: RunState, until wake: Timestamp) throws {
        try ledger.interruptOpen()
        try RunRecord.setWaiting(ledger.run, state, wake: wake, at: ledger.now, in: ledger.transaction)
    }

    private func suspend(until due: Timestamp, _ waits: Set<StepKey>) async throws {
        try await settle({ _ in .suspended(until: due) }) { ledger, state, action in
            if action == .pause { return try store.pause(state, ledger) }
            guard case .wake(var wake) = action else { return }
            try ledger.interruptOpen()
            // An event may have come after the code was told to go.
            let hasCome = try waits.contains { key in
                guard let step = try StepRecord.find(key, of: ledger.run, in: ledger.transaction),
                    let type = step.eventType
                else { return false }
                return try EventRecord.isThere(type, for: ledger.run.instance, in: ledger.transaction)
            }
            if hasCome { wake = ledger.now }
            try RunRecord.setWaiting(ledger.run, state, wake: wake, at: ledger.now, in: ledger.transaction)
            try ledger.log(LogRecord(.workflowWaiting, dueAt: wake))
        }
    }

    private func hung(_ step: StepKey) async throws {
        let message = "step \"\(step.label)\" is past its time-out and the Worker's process does not answer"
        try await lost(message) { try $0.timeOut(step) }
    }

    /// The code took its process down: the attempt that ran has failed, like one that threw.
    ///
    /// Code outside of steps would do the same in every life when it did not return to the event loop, which ends the
    /// run; for any other reason it counts as a loss, since memory may have been used up by others.
    private func faulted(_ fault: WorkerFault) async throws {
        if let attempt = fault.attempt {
            let kind: StepKind = claim.closing == nil ? .do : .rollback
            return try await interrupted(fault.error.message) {
                _ = try $0.end(kind, attempt.step, attempt: attempt.attempt, .error(fault.error))
            }
        }
        if fault.error.name == WorkerFault.processorLimitName { return try await threw(fault.error) }
        try await lost("\(fault.error.name): \(fault.error.message)")
    }

    /// The process died for what another invocation did: the run goes on, and nothing is counted.
    private func disturbed(_ message: String) async throws {
        try await interrupted(message)
    }

    /// The code was cut off, and goes on at once.
    private func interrupted(
        _ message: String,
        _ before: @escaping @Sendable (StepLedger) throws -> Void = { _ in }
    ) async throws {
        try await settle({ _ in .interrupted }) { ledger, state, action in
            try before(ledger)
            switch action {
            case .pause:
                try ledger.log(LogRecord(.workflowInterrupted, message: message))
                try store.pause(state, ledger)
            case .wake(let wake):
                try wait(ledger, state, until: wake)
                try ledger.log(LogRecord(.workflowInterrupted, message: message, dueAt: wake))
            default: break
            }
        }
    }

    private func lost(
        _ message: String,
        _ before: @escaping @Sendable (StepLedger) throws -> Void = { _ in }
    ) async throws {
        store.logger.warning("a workflow lost its process", metadata: ["error": "\(message)"])
        try await settle({ _ in .lost }) { ledger, state, action in
            try before(ledger)
            try ledger.interruptOpen()
            switch action {
            case .pause:
                try ledger.log(LogRecord(.workflowInterrupted, message: message))
                try store.pause(state, ledger)
            case .wake(let wake):
                try RunRecord.setWaiting(ledger.run, state, wake: wake, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowInterrupted, message: message, dueAt: wake))
            case .giveUp:
                try giveUp(ledger, state, message)
            case .ignore, .start, .change, .unpause, .end:
                break
            }
        }
    }

    private func giveUp(_ ledger: StepLedger, _ state: RunState, _ message: String) throws {
        let lost = JavaScriptError(
            name: "WorkerLost",
            message: "the Worker's process was lost \(state.losses) times in a row, with no step finished "
                + "between; the last time: \(message)"
        )
        if claim.closing != nil { try ledger.logRollback(lost) }
        // What a run that rolls back ends with was decided before.
        let error = claim.closing == nil ? lost : try RunRecord.result(ledger.run, in: ledger.transaction).error
        try store.end(ledger.run, state, RunRecord.Result(error: error), at: ledger.now, in: ledger.transaction)
        try ledger.log(LogRecord(state.status == .errored ? .workflowErrored : .workflowTerminated, error: error))
    }

    /// What could not even begin is tried again later, like a lost process.
    private func failed(_ error: any Error) async {
        do {
            try await lost("the instance could not be started: \(error)")
        } catch {
            store.logger.warning("a workflow's end was not written", metadata: ["error": "\(error)"])
        }
    }

    /// Applies an event to the run, unless another life or somebody outside has changed it.
    private func settle(
        _ event: @escaping @Sendable (StepLedger) throws -> RunState.Event,
        _ body: @escaping @Sendable (StepLedger, RunState, RunState.Action) throws -> Void
    ) async throws {
        try await store.persist { [claim, store, lives] transaction in
            guard var state = try RunRecord.current(claim.key, invocation: claim.invocation, in: transaction) else {
                return
            }
            let ledger = StepLedger(run: claim.key, now: store.time.now(), transaction: transaction)
            let action = state.event(try event(ledger), at: ledger.now)
            try body(ledger, state, action)
            let isToWake = if case .wake = action { true } else { false }
            transaction.afterCommit {
                store.watchers.notify(claim.key.instance)
                if isToWake { lives.look() }
            }
        }
    }

    // MARK: - Console

    /// Keeps a console line in the log, in order with the steps around it.
    private func console(_ line: ConsoleLine) {
        let key = claim.key
        store.database.write { [store] transaction in
            let count = try RunRecord.countConsoleLine(key, in: transaction)
            guard count <= Limits.workflowConsoleLinesMax + 1 else { return }
            transaction.afterCommit { store.watchers.notify(key.instance) }
            if count > Limits.workflowConsoleLinesMax {
                let message = "more than \(Limits.workflowConsoleLinesMax) console lines; the rest is not kept"
                return try LogRecord(.warning, message: message).insert(into: key, at: line.time, in: transaction)
            }
            let record = LogRecord(
                .console,
                step: line.tags["step"],
                attempt: line.tags["attempt"].flatMap { Int($0) },
                level: line.level,
                message: String(decoding: line.message.utf8.prefix(Limits.workflowConsoleLineBytesMax), as: UTF8.self)
            )
            try record.insert(into: key, at: line.time, in: transaction)
        } completion: { [logger = store.logger] result in
            if case .failure(let error) = result {
                logger.warning("a console line was not kept", metadata: ["error": "\(error)"])
            }
        }
    }
}

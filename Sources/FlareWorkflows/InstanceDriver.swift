import FlareModel
import FlareStore
import FlareWorkers
import Logging

/// Runs one life of a run: starts its code with the journal of finished steps, and writes down how it ended.
struct InstanceDriver: Sendable {
    private let claim: RunRecord.Claim
    private let store: WorkflowStore
    private let lives: Lives
    private let invoke: @Sendable (Invocation) async throws -> InvocationResult

    init(_ claim: RunRecord.Claim, store: WorkflowStore, lives: Lives, hooks: WorkflowHooks) {
        self.claim = claim
        self.store = store
        self.lives = lives
        invoke = hooks.invoke
    }

    /// How the code ended.
    private enum CodeEnd: Sendable {
        case returned(InvocationResult)
        case threw(JavaScriptError)
        /// The process died or could not be started.
        case lost(FlareError)
        case cancelled
    }

    private enum Part: Sendable {
        case code(CodeEnd)
        case watch(Life.End)
    }

    /// Returns when the run is put aside or has ended, and that is written down.
    func run() async {
        do {
            let preparation = try await prepare()
            let life = Life(claim, journal: preparation.journal, store: store)
            lives.insert(life, for: claim.key)
            defer { lives.remove(claim.key) }
            // A run that was terminated before its life could be found has not been told.
            guard try await isCurrent() else { return }
            let (code, watch) = await live(life, preparation.invocation(life, onLog: console))
            try await end(code, watch)
        } catch is CancellationError {
            // The engine stops. The next start finds the run as running and resumes it.
        } catch {
            await failed(error)
        }
    }

    private func live(_ life: Life, _ invocation: Invocation) async -> (CodeEnd, Life.End) {
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

    // MARK: - Beginning

    private struct Preparation: Sendable {
        var start: WorkflowStart
        var version: WorkflowVersionRecord
        /// The steps of the journal, in its order.
        var journal: [Int64]

        func invocation(_ life: Life, onLog: @escaping @Sendable (ConsoleLine) -> Void) -> Invocation {
            start.invocation(
                worker: version.worker,
                version: version.workerVersion,
                className: version.className,
                onCall: { await life.answer($0) },
                onLog: onLog
            )
        }
    }

    private func prepare() async throws -> Preparation {
        try await store.database.read { [claim, now = store.time.now()] transaction in
            guard let instance = try InstanceRecord.find(claim.key.instance, in: transaction),
                let workflow = try WorkflowRecord.find(instance.workflowID, in: transaction),
                let version = try WorkflowVersionRecord.find(instance.versionID, in: transaction)
            else { throw FlareError(.instanceNotFound, "the instance was deleted") }
            let ledger = StepLedger(run: claim.key, now: now, transaction: transaction)
            let journal = try ledger.journal()
            let start = WorkflowStart(
                workflow: workflow.name,
                instance: instance.id,
                timestamp: instance.createdAt,
                payload: try RunHistoryRecord.params(of: claim.key, in: transaction),
                journal: journal.map(\.entry)
            )
            return Preparation(start: start, version: version, journal: journal.map(\.sequence))
        }
    }

    private func isCurrent() async throws -> Bool {
        try await store.database.read { [claim] transaction in
            try RunRecord.isCurrent(claim.key, invocation: claim.invocation, in: transaction)
        }
    }

    // MARK: - Ending

    private func end(_ code: CodeEnd, _ watch: Life.End) async throws {
        switch (code, watch) {
        case (.returned(let result), _): try await returned(result)
        case (.threw(let error), _): try await threw(error)
        case (_, .suspend(let due, let waits)): try await suspend(until: due, waits)
        case (_, .hung(let step)): try await hung(step)
        case (.lost(let error), _): try await lost(error.description)
        // Ended from outside, or the engine stops: there is nothing to add.
        case (.cancelled, .stopped): break
        }
    }

    private func returned(_ result: InvocationResult) async throws {
        let notes = WorkflowNote.notes(of: result)
        try await settle(.returned) { ledger, state, action in
            guard action == .end else { return }
            for note in notes { try ledger.log(LogRecord(.warning, message: "\(note.code): \(note.message)")) }
            let result = RunRecord.Result(output: result.body)
            try ledger.interruptOpen()
            try RunRecord.setEnded(ledger.run, state, result, at: ledger.now, in: ledger.transaction)
            try ledger.log(LogRecord(.workflowCompleted))
        }
    }

    private func threw(_ error: JavaScriptError) async throws {
        try await settle(.threw) { ledger, state, action in
            guard action == .end else { return }
            try ledger.interruptOpen()
            let result = RunRecord.Result(error: error)
            try RunRecord.setEnded(ledger.run, state, result, at: ledger.now, in: ledger.transaction)
            try ledger.log(LogRecord(.workflowErrored, error: error))
        }
    }

    private func suspend(until due: Timestamp, _ waits: Set<StepKey>) async throws {
        try await settle(.suspended(until: due)) { ledger, state, action in
            guard case .wake(var wake) = action else { return }
            try ledger.interruptOpen()
            // An event may have come after the code was told to go.
            let hasCome = try waits.contains { key in
                try StepRecord.find(key, of: ledger.run, in: ledger.transaction)?.isFinished ?? false
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

    private func lost(
        _ message: String,
        _ before: @escaping @Sendable (StepLedger) throws -> Void = { _ in }
    ) async throws {
        store.logger.warning("a workflow lost its process", metadata: ["error": "\(message)"])
        try await settle(.lost) { ledger, state, action in
            try before(ledger)
            try ledger.interruptOpen()
            switch action {
            case .wake(let wake):
                try RunRecord.setWaiting(ledger.run, state, wake: wake, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowInterrupted, message: message, dueAt: wake))
            case .giveUp:
                let error = JavaScriptError(
                    name: "WorkerLost",
                    message: "the Worker's process was lost \(state.losses) times in a row, with no step finished "
                        + "between; the last time: \(message)"
                )
                let result = RunRecord.Result(error: error)
                try RunRecord.setEnded(ledger.run, state, result, at: ledger.now, in: ledger.transaction)
                try ledger.log(LogRecord(.workflowErrored, error: error))
            case .ignore, .start, .end:
                break
            }
        }
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
        _ event: RunState.Event,
        _ body: @escaping @Sendable (StepLedger, RunState, RunState.Action) throws -> Void
    ) async throws {
        try await store.persist { [claim, store, lives] transaction in
            guard try RunRecord.isCurrent(claim.key, invocation: claim.invocation, in: transaction),
                let instance = try InstanceRecord.find(claim.key.instance, in: transaction)
            else { return }
            let now = store.time.now()
            var state = instance.state
            let action = state.event(event, at: now)
            try body(StepLedger(run: claim.key, now: now, transaction: transaction), state, action)
            transaction.afterCommit {
                store.watchers.notify(claim.key.instance)
                lives.scheduler.notify()
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

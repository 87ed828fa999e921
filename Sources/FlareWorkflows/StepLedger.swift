import FlareModel
import FlareStore
import FlareWorkers

/// The durable book of one run's steps.
///
/// Each verb does the work of one call inside the caller's transaction: it asks the rules, and writes result and log
/// lines together.
struct StepLedger {
    let run: RunKey
    let now: Timestamp
    let transaction: Transaction
    /// Where the run stands: while a pause is asked for no step begins, and while it rolls back nothing else happens.
    var standing = InstanceStatus.running
    /// The most steps that the run can have; nil as long as it is far from it.
    var stepsMax: Int?

    /// What a call of running code leads to, once the transaction is committed.
    enum Decision: Sendable {
        /// `config` is set when the step was begun by an earlier life.
        case run(attempt: Int, timeout: Duration, config: StepConfig?)
        case done([UInt8])
        /// A stream of so many bytes.
        case stream(bytes: Int64)
        case failed(JavaScriptError)
        /// Ask again at this time, or when something has happened to the instance.
        case hold(until: Timestamp)
        /// The call does not fit: nothing was changed.
        case refused(JavaScriptError)
    }

    /// How an attempt ended.
    enum Ending: Sendable {
        /// Tagged JSON.
        case value([UInt8])
        /// A stream of so many bytes, stored before.
        case stream(bytes: Int64)
        case error(JavaScriptError, StepCall.RetryDelay = .configured)
    }

    /// The code asks to run a `do` step or a rollback handler.
    func begin(
        _ kind: StepKind,
        _ name: StepCall.StepName,
        _ configuration: StepConfiguration,
        parent: StepCall.StepName?
    ) throws -> Decision {
        let key = StepKey(kind, name)
        if let step = try StepRecord.find(key, of: run, in: transaction) { return try proceed(step, isKnown: true) }
        // A step inside a running one is a part of it, and the pause waits for its end.
        if standing == .waitingForPause, parent == nil { return .hold(until: never) }
        if let refusal = try refusal(of: key) { return .refused(refusal) }
        var step = StepRecord(key, status: .waiting, startedAt: now)
        step.parent = parent
        step.config = StepConfig(configuration)
        step.isSensitive = configuration.isSensitive
        step.hasRollback = configuration.hasRollback
        try step.insert(into: run, in: transaction)
        try log(LogRecord(.stepStarted, step: key.label), key)
        return try proceed(step, isKnown: false)
    }

    /// The next attempt of a step that has been held back, or its result if it has one.
    func proceed(_ kind: StepKind, _ name: StepCall.StepName) throws -> Decision {
        let key = StepKey(kind, name)
        guard let step = try StepRecord.find(key, of: run, in: transaction) else { return .refused(unknown(key)) }
        return try proceed(step, isKnown: false)
    }

    private func proceed(_ found: StepRecord, isKnown: Bool) throws -> Decision {
        var step = found
        // An open attempt here belongs to a life that ended without a word.
        if step.status == .running { try interrupt(&step) }
        if standing == .waitingForPause, !step.isFinished, step.parent == nil { return .hold(until: never) }
        var state = step.state
        switch state.begin(at: now) {
        case .finished:
            return try outcome(of: step)
        case .wait(let due):
            return .hold(until: due)
        case .run(let attempt):
            try step.apply(state, in: transaction)
            try AttemptRecord.begin(attempt, of: step.sequence, at: now, in: transaction)
            try log(LogRecord(.attemptStarted, step: step.key.label, attempt: attempt), step.key)
            let timeout = Duration.milliseconds(state.config.timeout)
            return .run(attempt: attempt, timeout: timeout, config: isKnown ? state.config : nil)
        }
    }

    /// An attempt has ended.
    ///
    /// A failed one that may be repeated answers `hold` until its next attempt is due.
    func end(_ kind: StepKind, _ name: StepCall.StepName, attempt: Int, _ ending: Ending) throws -> Decision {
        let key = StepKey(kind, name)
        guard let step = try StepRecord.find(key, of: run, in: transaction) else { return .refused(unknown(key)) }
        switch ending {
        case .value(let value):
            let size = TaggedJSON.size(value)
            guard size <= Limits.workflowValueBytesMax else {
                return try end(step, attempt, .error(tooLarge(size)))
            }
            return try end(step, attempt, ending)
        case .stream(let bytes):
            guard try ChunkRecord.bytes(of: step.sequence, attempt: attempt, in: transaction) == bytes else {
                return try end(step, attempt, .error(incomplete(step.key)))
            }
            return try end(step, attempt, ending)
        case .error: return try end(step, attempt, ending)
        }
    }

    private func end(_ found: StepRecord, _ attempt: Int, _ ending: Ending) throws -> Decision {
        var step = found
        var state = step.state
        let label = step.key.label
        let (outcome, failure) = state.outcome(of: ending)
        let isTimeout = if case .timeout = outcome { true } else { false }
        let end = state.end(attempt: attempt, outcome, at: now)
        if end == .late { return .refused(late(step, attempt)) }
        let attemptOutcome: AttemptRecord.Outcome = failure == nil ? .complete : isTimeout ? .timedOut : .failed
        try AttemptRecord.end(attempt, of: step.sequence, attemptOutcome, failure, at: now, in: transaction)
        if failure != nil { try ChunkRecord.discard(of: step.sequence, in: transaction) }
        var line = LogRecord(
            failure == nil ? .attemptCompleted : isTimeout ? .attemptTimedOut : .attemptErrored,
            step: label,
            attempt: attempt,
            error: failure
        )
        if case .retry(let due) = end {
            line.dueAt = due
            try log(line, step.key)
            try step.apply(state, in: transaction)
            return .hold(until: due)
        }
        try log(line, step.key)
        try step.finish(ending, failure, attempts: state, of: run, at: now, in: transaction)
        try log(LogRecord(failure == nil ? .stepCompleted : .stepErrored, step: label, error: failure), step.key)
        if let failure { return .failed(failure) }
        if case .stream(let bytes) = ending { return .stream(bytes: bytes) }
        // The runner has the value that it has just sent.
        return .done([])
    }

    /// The code sleeps.
    ///
    /// The deadline is fixed when the sleep is first asked for.
    func sleep(_ name: StepCall.StepName, _ length: StepCall.SleepLength) throws -> Decision {
        let key = StepKey(.sleep, name)
        if let step = try StepRecord.find(key, of: run, in: transaction) { return try answer(step) }
        if let refusal = try refusal(of: key) { return .refused(refusal) }
        let due =
            switch length {
            case .duration(let duration): now + duration
            case .until(let time): time
            }
        guard (due - now).milliseconds <= Limits.workflowSleepMillisecondsMax else {
            return .refused(tooLong(key))
        }
        var step = StepRecord(key, status: .waiting, startedAt: now)
        step.dueAt = due
        try step.insert(into: run, in: transaction)
        try log(LogRecord(.sleepStarted, step: key.label, dueAt: due))
        return try answer(step)
    }

    /// The code waits for an event.
    ///
    /// One that was sent before is consumed at once.
    func wait(_ name: StepCall.StepName, type: String, timeout: Duration?) throws -> Decision {
        let key = StepKey(.wait, name)
        if let step = try StepRecord.find(key, of: run, in: transaction) {
            guard !step.isFinished, let event = try EventRecord.take(type, of: run.instance, in: transaction) else {
                return try answer(step)
            }
            try receive(event, step)
            return .done(event.value)
        }
        if let refusal = try refusal(of: key) { return .refused(refusal) }
        let length = timeout ?? .seconds(86_400)
        guard length.milliseconds <= Limits.workflowSleepMillisecondsMax else { return .refused(tooLong(key)) }
        var step = StepRecord(key, status: .waiting, startedAt: now)
        step.eventType = type
        step.dueAt = now + length
        try step.insert(into: run, in: transaction)
        try log(LogRecord(.waitStarted, step: key.label, message: type, dueAt: step.dueAt))
        if let event = try EventRecord.take(type, of: run.instance, in: transaction) {
            try receive(event, step)
            return .done(event.value)
        }
        return try answer(step)
    }

    /// Gives the oldest event of a type to the step that has waited for it longest.
    ///
    /// False when none does.
    func deliver(_ type: String) throws -> Bool {
        guard let step = try StepRecord.waiting(for: type, of: run, in: transaction),
            let event = try EventRecord.take(type, of: run.instance, in: transaction)
        else { return false }
        try receive(event, step)
        return true
    }

    /// Ends sleeps and waits whose time has come, in the order of their times, so that a replay finds them in its
    /// journal where they belong.
    func settleDue() throws {
        for step in try StepRecord.due(of: run, at: now, in: transaction) { try expire(step) }
    }

    /// Marks open attempts as interrupted.
    ///
    /// They may begin again at once.
    func interruptOpen() throws {
        for step in try StepRecord.running(of: run, in: transaction) {
            var step = step
            try interrupt(&step)
        }
    }

    /// Ends the open attempt of a step whose process did not report its time-out.
    func timeOut(_ key: StepKey) throws {
        guard let step = try StepRecord.find(key, of: run, in: transaction), step.status == .running else { return }
        let error = timedOut(step.config?.timeout ?? StepConfig.standard.timeout)
        _ = try end(step, step.attempts, .error(error))
    }

    /// The finished steps as a replay needs them, in the order in which they finished, with their keys in the database.
    ///
    /// Steps inside a finished step are never asked for again and are left out.
    func journal() throws -> [(sequence: Int64, entry: JournalEntry)] {
        let steps = try StepRecord.finished(of: run, in: transaction).filter { $0.key.kind != .rollback }
        let finished = Set(steps.map(\.key))
        let needed = steps.filter { step in step.parent.map { !finished.contains(StepKey(.do, $0)) } ?? true }
        return try needed.map { step in
            let outcome: JournalEntry.Outcome =
                if let error = step.error {
                    .failed(error)
                } else if let bytes = step.streamBytes {
                    .stream(bytes: bytes)
                } else {
                    .done(try StepRecord.value(step.sequence, in: transaction))
                }
            let entry = JournalEntry(
                kind: step.key.kind,
                name: step.key.name,
                occurrence: step.key.occurrence,
                outcome: outcome
            )
            return (step.sequence, entry)
        }
    }

    // MARK: - Parts of the verbs

    static let timeoutName = "WorkflowTimeoutError"

    /// Later than everything: only a change of the instance ends such a wait.
    private var never: Timestamp { now + .milliseconds(Limits.workflowSleepMillisecondsMax) }

    func log(_ line: LogRecord) throws {
        try line.insert(into: run, at: now, in: transaction)
    }

    /// Writes a line about a step; those of a rollback have names of their own.
    private func log(_ line: LogRecord, _ key: StepKey) throws {
        var line = line
        if key.kind == .rollback { line.kind = line.kind.ofRollback }
        try log(line)
    }

    /// The answer to a sleep or a wait that is known already.
    private func answer(_ step: StepRecord) throws -> Decision {
        if step.isFinished { return try outcome(of: step) }
        guard let due = step.dueAt, due <= now else { return .hold(until: step.dueAt ?? now) }
        return try expire(step)
    }

    @discardableResult
    private func expire(_ step: StepRecord) throws -> Decision {
        if step.key.kind == .sleep {
            try step.finish(.value([]), nil, of: run, at: now, in: transaction)
            try log(LogRecord(.sleepCompleted, step: step.key.label))
            return .done([])
        }
        let length = step.dueAt.map { ($0 - step.startedAt).milliseconds } ?? 0
        let error = timedOut(length)
        try step.finish(.error(error), error, of: run, at: now, in: transaction)
        try log(LogRecord(.waitTimedOut, step: step.key.label, error: error))
        return .failed(error)
    }

    private func receive(_ event: EventRecord, _ step: StepRecord) throws {
        try step.finish(.value(event.value), nil, of: run, at: now, in: transaction)
        try log(LogRecord(.waitCompleted, step: step.key.label, message: event.type))
    }

    private func interrupt(_ step: inout StepRecord) throws {
        var state = step.state
        let attempt = state.attempts
        _ = state.end(attempt: attempt, .interrupted, at: now)
        try step.apply(state, in: transaction)
        let error = JavaScriptError(name: "Interrupted", message: "the engine or its process ended during this attempt")
        try AttemptRecord.end(attempt, of: step.sequence, .interrupted, error, at: now, in: transaction)
        try ChunkRecord.discard(of: step.sequence, in: transaction)
        try log(LogRecord(.attemptInterrupted, step: step.key.label, attempt: attempt), step.key)
    }

    private func outcome(of step: StepRecord) throws -> Decision {
        if let error = step.error { return .failed(error) }
        if let bytes = step.streamBytes { return .stream(bytes: bytes) }
        return .done(try StepRecord.value(step.sequence, in: transaction))
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// The durable book of the steps of a script.
///
/// As `StepLedger` for code: each verb does the work of one call inside the caller's transaction.
struct ShellLedger {
    let workflow: String
    let instance: InstanceRecord
    let now: Timestamp
    let transaction: Transaction

    var run: RunKey { instance.key }

    // MARK: - Commands

    /// `flare step` asks for a step.
    func begin(_ body: ShellStepBody) throws -> ShellStepAnswerBody {
        let call = try call(body)
        switch body.kind {
        case .command: return try begin(call, body)
        case .sleep, .wait: return try pause(call, body)
        }
    }

    private func begin(_ call: ShellCallRecord, _ body: ShellStepBody) throws -> ShellStepAnswerBody {
        let rule = ShellStepRule(command: body.command, onChange: body.onChange)
        let config = body.config ?? .standard
        guard var step = try StepRecord.find(call.key, of: run, in: transaction) else {
            return try start(insert(call.key, body, config), call, body)
        }
        switch rule.action(try known(step, call)) {
        case .insert, .proceed:
            break
        case .resume:
            return answer(.run, call, attempt: step.attempts)
        case .wait:
            var answer = answer(.busy, call)
            answer.process = try ShellHolderRecord.find(step.sequence, in: transaction)?.process
            return answer
        case .interrupt:
            try interrupt(&step)
        case .reopen:
            if step.status == .complete {
                try log(LogRecord(.warning, step: call.key.label, message: "the command has changed and runs again"))
            }
            try reopen(&step)
        case .replay:
            return try replay(step, call)
        case .refuse:
            throw changed(call, from: try step.command(in: transaction), to: body.command)
        }
        try step.setCommand(body.command, config, in: transaction)
        return try start(step, call, body)
    }

    private func start(_ found: StepRecord, _ call: ShellCallRecord, _ body: ShellStepBody) throws
        -> ShellStepAnswerBody
    {
        var step = found
        var state = step.state
        switch state.begin(at: now) {
        case .finished:
            return try replay(step, call)
        case .wait(let due):
            return answer(.wait, call, until: due)
        case .run(let attempt):
            try step.apply(state, in: transaction)
            try AttemptRecord.begin(attempt, of: step.sequence, at: now, in: transaction)
            try ShellHolderRecord(call: body.call, process: body.process).insert(for: step.sequence, in: transaction)
            try log(LogRecord(.attemptStarted, step: call.key.label, attempt: attempt))
            return answer(.run, call, attempt: attempt)
        }
    }

    /// An attempt of a command has ended.
    ///
    /// Told twice, it answers the same twice.
    func end(_ body: ShellAttemptEndBody) throws -> ShellStepAnswerBody {
        guard let call = try ShellCallRecord.find(body.call, of: run.instance, in: transaction), call.run == run.run,
            var step = try StepRecord.find(call.key, of: run, in: transaction)
        else { throw fenced("the step") }
        let isOpen = step.status == .running && step.attempts == body.attempt
        let holder = try ShellHolderRecord.find(step.sequence, in: transaction)
        guard isOpen, holder?.call == body.call else { return try endedBefore(step, call, body) }
        let omitted = try ShellOutputRecord.append(
            body.output,
            attempt: body.attempt,
            of: step.sequence,
            in: transaction
        )
        try ShellHolderRecord.delete(step.sequence, in: transaction)
        let value = ShellStepValue(
            exitStatus: body.exitStatus,
            output: body.output,
            omittedBytes: body.omittedBytes + omitted
        )
        if body.outcome == .interrupted {
            try interrupt(&step, "the command was stopped; it ended with status \(body.exitStatus)")
            return answer(.wait, call, until: now)
        }
        return try finish(step, call, body, value)
    }

    private func finish(
        _ found: StepRecord,
        _ call: ShellCallRecord,
        _ body: ShellAttemptEndBody,
        _ value: ShellStepValue
    ) throws -> ShellStepAnswerBody {
        var step = found
        var state = step.state
        let isTimeout = body.outcome == .timedOut
        let error = isTimeout || body.exitStatus != 0 ? failure(body, value, step.config) : nil
        let outcome: StepState.Outcome =
            if error == nil {
                .success
            } else if isTimeout {
                .timeout(delayMilliseconds: nil)
            } else {
                .failure(isNonRetryable: false, delayMilliseconds: nil)
            }
        let end = state.end(attempt: body.attempt, outcome, at: now)
        let attemptOutcome: AttemptRecord.Outcome = error == nil ? .complete : isTimeout ? .timedOut : .failed
        try AttemptRecord.end(body.attempt, of: step.sequence, attemptOutcome, error, at: now, in: transaction)
        var line = LogRecord(
            error == nil ? .attemptCompleted : isTimeout ? .attemptTimedOut : .attemptErrored,
            step: call.key.label,
            attempt: body.attempt,
            error: error
        )
        if case .retry(let due) = end {
            line.dueAt = due
            try log(line)
            try step.apply(state, in: transaction)
            return answer(.wait, call, until: due)
        }
        try log(line)
        let ending: StepLedger.Ending = error.map { .error($0) } ?? .value(FlareJSON.encode(value))
        try step.finish(ending, error, attempts: state, of: run, at: now, in: transaction)
        try log(LogRecord(error == nil ? .stepCompleted : .stepErrored, step: call.key.label, error: error))
        return answer(error == nil ? .done : .failed, call)
    }

    /// The answer to an end that was told before, or to one that nobody waits for any more.
    private func endedBefore(
        _ step: StepRecord,
        _ call: ShellCallRecord,
        _ body: ShellAttemptEndBody
    ) throws -> ShellStepAnswerBody {
        let outcome = try AttemptRecord.list(of: run, in: transaction)[step.sequence]?
            .first { $0.number == body.attempt }?.outcome
        switch (outcome, step.status) {
        case (.interrupted, _) where body.outcome == .interrupted: return answer(.wait, call, until: now)
        case (.complete, .complete): return answer(.done, call)
        case (.failed, .failed), (.timedOut, .failed): return answer(.failed, call)
        case (.failed, .waiting), (.timedOut, .waiting): return answer(.wait, call, until: step.dueAt ?? now)
        default: throw fenced("attempt \(body.attempt) of step \"\(call.key.label)\"")
        }
    }

    // MARK: - Parts

    func log(_ line: LogRecord) throws {
        try line.insert(into: run, at: now, in: transaction)
    }

    func answer(
        _ decision: ShellStepAnswerBody.Decision,
        _ call: ShellCallRecord,
        attempt: Int? = nil,
        until: Timestamp? = nil
    ) -> ShellStepAnswerBody {
        var answer = ShellStepAnswerBody(decision, name: call.key.name, occurrence: call.key.occurrence)
        answer.attempt = attempt
        answer.until = until
        return answer
    }

    private func known(_ step: StepRecord, _ call: ShellCallRecord) throws -> ShellStepRule.Known {
        switch step.status {
        case .waiting: return .unfinished
        case .failed: return .failed
        case .complete: return .complete(command: try step.command(in: transaction))
        case .running:
            guard let holder = try ShellHolderRecord.find(step.sequence, in: transaction) else { return .open(.gone) }
            if holder.call == call.id { return .open(.thisCall) }
            return .open(holder.process.isAlive ? .otherAlive : .gone)
        }
    }

    private func replay(_ step: StepRecord, _ call: ShellCallRecord) throws -> ShellStepAnswerBody {
        var answer = answer(.done, call)
        answer.output = try ShellOutputRecord.list(of: step.sequence, in: transaction)
        let value = try StepRecord.value(step.sequence, in: transaction)
        answer.omittedBytes = try? FlareJSON.decode(ShellStepValue.self, from: value).omittedBytes
        return answer
    }

    private func insert(_ key: StepKey, _ body: ShellStepBody, _ config: StepConfig) throws -> StepRecord {
        try requireRoom(for: key)
        var step = StepRecord(key, status: .waiting, startedAt: now)
        step.config = config
        try step.insert(into: run, in: transaction)
        try step.setCommand(body.command, config, in: transaction)
        try log(LogRecord(.stepStarted, step: key.label, message: CommandText.text(body.command)))
        return step
    }

    func requireRoom(for key: StepKey) throws {
        guard let refusal = try StepLedger(run: run, now: now, transaction: transaction).refusal(of: key) else {
            return
        }
        throw FlareError(.invalidArgument, refusal.message)
    }

    private func interrupt(_ step: inout StepRecord, _ reason: String = "its process ended without a word") throws {
        var state = step.state
        let attempt = state.attempts
        _ = state.end(attempt: attempt, .interrupted, at: now)
        try step.apply(state, in: transaction)
        let error = JavaScriptError(name: "Interrupted", message: reason)
        try AttemptRecord.end(attempt, of: step.sequence, .interrupted, error, at: now, in: transaction)
        try ShellHolderRecord.delete(step.sequence, in: transaction)
        try log(LogRecord(.attemptInterrupted, step: step.key.label, attempt: attempt, message: reason))
    }

    func reopen(_ step: inout StepRecord, due: Timestamp? = nil) throws {
        try step.reopen(due: due, in: transaction)
        try ShellOutputRecord.delete(of: step.sequence, in: transaction)
    }
}

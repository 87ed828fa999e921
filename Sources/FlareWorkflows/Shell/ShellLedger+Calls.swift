import FlareModel
import FlareStore
import FlareWorkers

/// Which step a call gets, and the steps that only wait.
extension ShellLedger {
    /// The step of a call: the one it got before, or the next occurrence of its name.
    ///
    /// With a key there is one step of that name and key, and outside of a script one of each name.
    func call(_ body: ShellStepBody) throws -> ShellCallRecord {
        if let known = try ShellCallRecord.find(body.call, of: run.instance, in: transaction), known.run == run.run {
            return known
        }
        let attachment = body.attachment ?? 0
        let kind: StepKind =
            switch body.kind {
            case .command: .do
            case .sleep: .sleep
            case .wait: .wait
            }
        let name = body.key.map { "\(body.name)[\($0)]" } ?? body.name
        var occurrence = 1
        if body.key == nil, body.attachment != nil {
            occurrence += try ShellCallRecord.count(
                kind,
                name,
                attachment: attachment,
                of: run.instance,
                in: transaction
            )
        }
        let key = StepKey(kind: kind, name: name, occurrence: occurrence)
        let call = ShellCallRecord(id: body.call, attachment: attachment, run: run.run, key: key)
        try call.insert(for: run.instance, in: transaction)
        return call
    }

    /// A sleep or a wait is asked for.
    ///
    /// Its deadline is fixed when it is first seen; a wait that nothing came for waits anew.
    func pause(_ call: ShellCallRecord, _ body: ShellStepBody) throws -> ShellStepAnswerBody {
        let length = body.milliseconds ?? Limits.workflowSleepMillisecondsMax
        guard (0...Limits.workflowSleepMillisecondsMax).contains(length) else {
            throw FlareError(.invalidArgument, "a sleep or a wait lasts at most 365 days")
        }
        let due = now + .milliseconds(length)
        if var step = try StepRecord.find(call.key, of: run, in: transaction) {
            if step.status == .failed { try reopen(&step, due: due) }
            return try look(call)
        }
        try requireRoom(for: call.key)
        var step = StepRecord(call.key, status: .waiting, startedAt: now)
        step.eventType = body.kind == .wait ? body.eventType ?? body.name : nil
        step.dueAt = due
        try step.insert(into: run, in: transaction)
        let kind: LogRecord.Kind = body.kind == .wait ? .waitStarted : .sleepStarted
        try log(LogRecord(kind, step: call.key.label, message: step.eventType, dueAt: due))
        return try look(call)
    }

    /// How things stand for a call that waits: for its event, its time, or the next attempt of its command.
    ///
    /// What is due is done.
    func look(_ call: ShellCallRecord) throws -> ShellStepAnswerBody {
        guard let step = try StepRecord.find(call.key, of: run, in: transaction) else { throw fenced("the step") }
        let label = call.key.label
        switch step.status {
        case .complete:
            return try waited(call, try StepRecord.value(step.sequence, in: transaction))
        case .failed:
            return answer(.failed, call)
        case .running:
            return answer(.wait, call, until: now)
        case .waiting:
            break
        }
        if call.key.kind == .wait, let type = step.eventType,
            let event = try EventRecord.take(type, of: run.instance, in: transaction)
        {
            try step.finish(.value(event.value), nil, of: run, at: now, in: transaction)
            try log(LogRecord(.waitCompleted, step: label, message: type))
            return try waited(call, event.value)
        }
        let due = step.dueAt ?? now
        guard due <= now, call.key.kind != .do else { return answer(.wait, call, until: due) }
        if call.key.kind == .sleep {
            try step.finish(.value([]), nil, of: run, at: now, in: transaction)
            try log(LogRecord(.sleepCompleted, step: label))
            return answer(.done, call)
        }
        let error = JavaScriptError(name: StepLedger.timeoutName, message: "no event \(step.eventType ?? "") has come")
        try step.finish(.error(error), error, of: run, at: now, in: transaction)
        try log(LogRecord(.waitTimedOut, step: label, error: error))
        return answer(.failed, call)
    }

    private func waited(_ call: ShellCallRecord, _ value: [UInt8]) throws -> ShellStepAnswerBody {
        var answer = answer(.done, call)
        if call.key.kind == .wait { answer.payload = TaggedJSON.plain(value)["payload"] ?? .null }
        return answer
    }

    // MARK: - Refusals

    func fenced(_ what: String) -> FlareError {
        FlareError(
            .inUse,
            "\(what) belongs to an earlier run of the script of instance \"\(instance.id)\"; its result does not count",
            hint: "see: flare workflows logs \(workflow) \(instance.id)"
        )
    }

    func changed(_ call: ShellCallRecord, from old: [String], to new: [String]) -> FlareError {
        FlareError(
            .inUse,
            "step \"\(call.key.label)\" is complete, but with another command\n"
                + "  - \(CommandText.text(old))\n  + \(CommandText.text(new))",
            hint: "pass --on-change rerun to run the new one, or --on-change keep to keep the old result"
        )
    }

    /// What the end of a command that failed means, with the last line that it wrote to stderr.
    func failure(_ body: ShellAttemptEndBody, _ value: ShellStepValue, _ config: StepConfig?) -> JavaScriptError {
        let last = value.stderr.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        guard body.outcome == .timedOut else {
            return JavaScriptError(name: "ExitStatus", message: "status \(body.exitStatus)\(last)")
        }
        let length = config?.timeout ?? 0
        return JavaScriptError(name: StepLedger.timeoutName, message: "stopped after \(length) ms\(last)")
    }
}

import FlareModel
import FlareStore
import FlareWorkers

extension InstanceRecord {
    /// The instance as lists show it.
    var body: InstanceBody {
        InstanceBody(
            id: id,
            status: status,
            createdOn: createdAt,
            modifiedOn: modifiedAt,
            startedOn: startedAt,
            endedOn: endedAt,
            versionID: versionID,
            workflowID: workflowID,
            triggerSource: triggerSource.rawValue,
            run: run
        )
    }

    /// The instance with its steps, in the order of their start.
    func detail(in transaction: Transaction) throws -> InstanceDetailBody {
        let result = try RunRecord.result(key, in: transaction)
        let workflow = try WorkflowRecord.find(workflowID, in: transaction)
        var detail = InstanceDetailBody(
            id: id,
            workflowName: workflow?.name ?? workflowID,
            status: status,
            params: TaggedJSON.plain(try RunHistoryRecord.params(of: key, in: transaction)),
            triggerSource: triggerSource.rawValue,
            versionID: versionID,
            run: run,
            queued: createdAt
        )
        detail.schedule = triggerSource == .cron ? try Self.schedule(of: sequence, in: transaction) : nil
        detail.runs = try RunHistoryRecord.list(
            of: sequence,
            limit: Limits.workflowRunsListedMax,
            in: transaction
        )
        detail.start = startedAt
        detail.end = endedAt
        detail.success = status.isFinal ? status == .complete : nil
        detail.error = result.error?.body
        detail.output = result.output.map { TaggedJSON.plain($0) }
        detail.resumesAt = status == .waiting ? wakeAt : nil
        detail.warnings = try LogRecord.warnings(of: key, in: transaction)
        let attempts = try AttemptRecord.list(of: key, in: transaction)
        let steps = try StepRecord.list(of: key, in: transaction)
        let marks = try KeptStepRecord.marks(of: key, in: transaction)
        detail.stepCount = steps.count
        detail.steps = try steps.map { step in
            let value = step.status == .complete ? try StepRecord.value(step.sequence, in: transaction) : nil
            var body = step.body(attempts: attempts[step.sequence] ?? [], value: value)
            body.keptFrom = marks[step.sequence]?.keptFrom
            body.isPatched = marks[step.sequence].flatMap { $0.isPatched ? true : nil }
            return body
        }
        if status == .terminated { detail.steps.append(termination) }
        return detail
    }

    private var termination: StepBody {
        var step = StepBody(type: "termination")
        step.start = endedAt
        step.end = endedAt
        step.trigger = InstanceDetailBody.Trigger(source: TriggerSource.api.rawValue)
        return step
    }
}

extension StepRecord {
    func body(attempts: [AttemptRecord], value: [UInt8]?) -> StepBody {
        var step = StepBody(type: typeName, name: key.label)
        step.start = startedAt
        step.end = endedAt
        step.error = error?.body
        step.dueAt = isFinished ? nil : dueAt
        switch key.kind {
        case .do, .rollback:
            step.success = isFinished ? status == .complete : nil
            step.output = value.map { shown($0) }
            step.config = config
            step.attempts = attempts.map(\.body)
        case .sleep:
            step.finished = isFinished
        case .wait:
            step.finished = isFinished
            step.eventType = eventType
            step.output = value.map { TaggedJSON.plain($0) }
        }
        return step
    }

    /// What a finished step returned, as far as people may see it.
    private func shown(_ value: [UInt8]) -> JSONValue {
        if isSensitive { return .string("[REDACTED]") }
        if let bytes = streamBytes { return .object(["type": .string("stream"), "bytes": .integer(bytes)]) }
        return TaggedJSON.plain(value)
    }

    var typeName: String {
        switch key.kind {
        case .rollback: "rollback"
        case .do: "step"
        case .sleep: "sleep"
        case .wait: "waitForEvent"
        }
    }
}

extension AttemptRecord {
    fileprivate var body: StepAttemptBody {
        StepAttemptBody(
            start: startedAt,
            end: endedAt,
            success: outcome == .open ? nil : outcome == .complete,
            error: error?.body
        )
    }
}

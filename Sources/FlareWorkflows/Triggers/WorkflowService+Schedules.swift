package import FlareModel
package import FlareStore
import FlareWorkers

/// The cron triggers of Workers and workflows.
extension WorkflowService {
    // MARK: Inside a caller's transaction

    /// Makes these the schedules that the configuration of a Worker or workflow sets.
    ///
    /// One that stays goes on where it is. Those that commands have set stay too, unless `replacingAll`.
    package func setSchedules(
        _ expressions: [String],
        of target: ScheduleTarget,
        replacingAll: Bool = false,
        in transaction: Transaction
    ) throws {
        var crons: [CronExpression] = []
        for cron in try expressions.map(CronExpression.init) where !crons.contains(cron) { crons.append(cron) }
        let now = store.time.now()
        let existing = try ScheduleRecord.list(of: target, in: transaction)
        for schedule in existing where !crons.contains(schedule.cron) {
            if replacingAll || schedule.source == .config { try schedule.delete(in: transaction) }
        }
        for cron in crons {
            var schedule = ScheduleRecord(target: target, cron: cron, source: .config, at: now)
            if let old = existing.first(where: { $0.cron == cron }) {
                guard old.cron.text != cron.text || old.source != .config else { continue }
                schedule.catchUp = old.catchUp
                schedule.nextAt = old.nextAt
                schedule.prunedAt = old.prunedAt
                schedule.missed = old.missed
            }
            try schedule.save(in: transaction)
        }
        try check(target, in: transaction)
        transaction.afterCommit { [schedules] in schedules.loop.notify() }
    }

    /// Removes all schedules of what is being deleted, with what is remembered of their runs.
    package func removeSchedules(of target: ScheduleTarget, in transaction: Transaction) throws {
        try ScheduleRecord.deleteAll(of: target, in: transaction)
    }

    private func check(_ target: ScheduleTarget, in transaction: Transaction) throws {
        let count = try ScheduleRecord.list(of: target, in: transaction).count
        if count > 0, case .workflow(let name) = target {
            try Self.requireCode(of: workflow(name, in: transaction))
        }
        guard count > Limits.schedulesPerTargetMax else { return }
        throw FlareError(
            .invalidArgument,
            "\(target) would have \(count) cron triggers; it may have \(Limits.schedulesPerTargetMax)",
            hint: "one expression can hold many times: \"0,15,30 9-17 * * MON-FRI\""
        )
    }

    // MARK: Verbs

    /// Adds a schedule.
    ///
    /// Throws `alreadyExists` when the target has one with the same times, and `invalidArgument` when it is a script.
    package func addSchedule(
        _ expression: String,
        of target: ScheduleTarget,
        catchUp: ScheduleCatchUp = .none
    ) async throws -> TriggerBody {
        let cron = try CronExpression(expression)
        return try await store.database.write { transaction in
            let target = try self.canonical(target, in: transaction)
            if try ScheduleRecord.find(target, cron, in: transaction) != nil {
                throw FlareError(
                    .alreadyExists,
                    "\(target) already has the cron trigger \"\(cron.text)\"",
                    hint: "to change it, first: flare \(target.group) triggers delete \(target.name) "
                        + "--cron \"\(cron.text)\""
                )
            }
            let now = self.store.time.now()
            let schedule = ScheduleRecord(target: target, cron: cron, source: .command, catchUp: catchUp, at: now)
            try schedule.save(in: transaction)
            try self.check(target, in: transaction)
            transaction.afterCommit { [schedules = self.schedules] in schedules.loop.notify() }
            return try schedule.body(in: transaction)
        }
    }

    /// Removes a schedule; throws `ruleNotFound` naming those that there are.
    @discardableResult
    package func removeSchedule(_ expression: String, of target: ScheduleTarget) async throws -> TriggerBody {
        let cron = try CronExpression(expression)
        return try await store.database.write { transaction in
            let target = try self.canonical(target, in: transaction)
            let schedule = try self.schedule(cron, of: target, in: transaction)
            let body = try schedule.body(in: transaction)
            try schedule.delete(in: transaction)
            transaction.afterCommit { [schedules = self.schedules] in schedules.loop.notify() }
            return body
        }
    }

    /// The schedules of a Worker or workflow, in the order in which they were set.
    package func schedules(of target: ScheduleTarget) async throws -> [TriggerBody] {
        try await store.database.read { transaction in
            let target = try self.canonical(target, in: transaction)
            return try ScheduleRecord.list(of: target, in: transaction).map { try $0.body(in: transaction) }
        }
    }

    /// The schedules of all workflows, by name.
    package func workflowSchedules() async throws -> [TriggerBody] {
        try await store.database.read { transaction in
            try ScheduleRecord.list(kind: "workflow", in: transaction).map { try $0.body(in: transaction) }
        }
    }

    /// The schedules of all Workers, by name.
    package func workerSchedules() async throws -> [TriggerBody] {
        try await store.database.read { transaction in
            try ScheduleRecord.list(kind: "worker", in: transaction).map { try $0.body(in: transaction) }
        }
    }

    /// The newest runs of the schedules of a Worker or workflow.
    package func scheduledRuns(of target: ScheduleTarget, limit: Int) async throws -> [ScheduledRunBody] {
        try await store.database.read { transaction in
            let target = try self.canonical(target, in: transaction)
            return try ScheduleRunRecord.list(of: target, limit: limit, in: transaction)
                .map { try $0.body(in: transaction) }
        }
    }

    func schedule(
        _ cron: CronExpression,
        of target: ScheduleTarget,
        in transaction: Transaction
    ) throws -> ScheduleRecord {
        if let schedule = try ScheduleRecord.find(target, cron, in: transaction) { return schedule }
        let known = try ScheduleRecord.list(of: target, in: transaction).map { "\"\($0.cron.text)\"" }
        throw FlareError(
            .ruleNotFound,
            "\(target) has no cron trigger \"\(cron.text)\"",
            hint: known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
        )
    }

    /// The target under its name, since a workflow may be named by its id; throws when the workflow does not exist.
    func canonical(_ target: ScheduleTarget, in transaction: Transaction) throws -> ScheduleTarget {
        guard case .workflow(let name) = target else { return target }
        return .workflow(try workflow(name, in: transaction).name)
    }
}

extension ScheduleRecord {
    /// The schedule with its newest run, as the API shows it.
    func body(in transaction: Transaction) throws -> TriggerBody {
        var body = TriggerBody(type: "cron", source: source.rawValue, createdOn: createdAt)
        switch target {
        case .worker(let name): body.worker = name
        case .workflow(let name): body.workflow = name
        }
        body.cron = cron.text
        body.catchUp = catchUp
        body.next = nextAt
        body.missed = missed
        body.last = try ScheduleRunRecord.last(target, cron, in: transaction)?.body(in: transaction)
        return body
    }
}

extension ScheduleRunRecord {
    /// The run as the API shows it, with the status of the instance that it began.
    func body(in transaction: Transaction) throws -> ScheduledRunBody {
        var body = ScheduledRunBody(
            cron: cron,
            scheduledTime: scheduledAt,
            origin: origin.rawValue,
            status: status.rawValue
        )
        body.startedOn = startedAt
        body.endedOn = endedAt
        if let instance {
            body.instance = instance
            let workflow = try WorkflowRecord.find(target.name, in: transaction)
            let record = try workflow.flatMap { try InstanceRecord.find(instance, of: $0.id, in: transaction) }
            body.status = record?.status.rawValue ?? "deleted"
            body.endedOn = record?.endedAt
            return body
        }
        body.attempts = attempts
        body.retriesAt = attempts > 0 ? dueAt : nil
        body.error = error.map { StepErrorBody(name: $0.name, message: $0.message, stack: $0.stack) }
        return body
    }
}

package import FlareModel
import FlareStore

extension WorkflowService {
    /// Runs scheduled times that have passed, unless they were run: begins instances of a workflow, or calls the
    /// handler of a Worker.
    ///
    /// Ids of instances follow from expression and time, so that doing it again is harmless. A schedule forgets the
    /// missed times that were all looked at.
    package func backfill(_ target: ScheduleTarget, _ request: BackfillRequest) async throws -> BackfillBody {
        let limit = min(max(request.limit ?? Limits.backfillPageMax, 1), Limits.backfillPageMax)
        let named = try request.cron.map(CronExpression.init)
        let now = store.time.now()
        let end = request.to ?? now
        guard request.from < end else {
            throw FlareError(.invalidArgument, "\(request.from.text) is not before \(end.text)", hint: "swap them")
        }
        guard end <= Timestamp(milliseconds: now.milliseconds + 1) else {
            throw FlareError(
                .invalidArgument,
                "\(end.text) is in the future; a backfill begins what should have begun",
                hint: "leave the end out for now"
            )
        }
        return try await store.persist { transaction in
            let target = try self.canonical(target, in: transaction)
            let schedules = try self.schedules(of: target, named, at: now, in: transaction)
            // One more than asked for tells where to go on.
            var times = schedules.flatMap { schedule in
                schedule.cron.times(from: request.from, to: end, limit: limit + 1).map {
                    (schedule: schedule, time: $0)
                }
            }
            times.sort { ($0.time, $0.schedule.cron.text) < ($1.time, $1.schedule.cron.text) }
            // Those of several expressions in one minute stay together, so that "next" leaves none out.
            var next = times.count > limit ? times[limit].time : nil
            if let first = times.first?.time, next == first { next = times.first { $0.time > first }?.time }
            if let next { times.removeAll { $0.time >= next } }
            let isDry = request.dryRun ?? false
            let entries = try times.map { try self.backfill($0.schedule, $0.time, isDry: isDry, in: transaction) }
            if !isDry {
                for schedule in schedules {
                    try self.forgetMissed(schedule, request.from, next ?? end, in: transaction)
                }
            }
            transaction.afterCommit { [schedules = self.schedules] in schedules.loop.notify() }
            return BackfillBody(entries: entries, next: next)
        }
    }

    private func backfill(
        _ schedule: ScheduleRecord,
        _ time: Timestamp,
        isDry: Bool,
        in transaction: Transaction
    ) throws -> BackfillBody.Entry {
        var id: String?
        var exists = try ScheduleRunRecord.wasRun(schedule.target, schedule.cron, at: time, in: transaction)
        if case .workflow(let name) = schedule.target {
            let instance = schedule.cron.instanceID(at: time)
            id = instance
            let workflow = try workflow(name, in: transaction)
            exists = try InstanceRecord.find(instance, of: workflow.id, in: transaction) != nil
        }
        let outcome: String
        if isDry {
            outcome = exists ? "exists" : "missing"
        } else {
            outcome = try run(schedule, time, origin: .backfill, in: transaction) ? "created" : "exists"
        }
        return BackfillBody.Entry(cron: schedule.cron.text, scheduledTime: time, instance: id, outcome: outcome)
    }

    /// The schedules that are meant: all, or one that need not be set.
    private func schedules(
        of target: ScheduleTarget,
        _ named: CronExpression?,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> [ScheduleRecord] {
        if let named {
            let known = try ScheduleRecord.find(target, named, in: transaction)
            return [known ?? ScheduleRecord(target: target, cron: named, source: .command, at: now)]
        }
        let all = try ScheduleRecord.list(of: target, in: transaction)
        guard all.isEmpty else { return all }
        throw FlareError(
            .invalidArgument,
            "\(target) has no cron trigger",
            hint: "name the times: --cron \"0 * * * *\", or add a trigger: flare \(target.group) triggers add "
                + "\(target.name) --cron \"0 * * * *\""
        )
    }

    private func forgetMissed(
        _ schedule: ScheduleRecord,
        _ from: Timestamp,
        _ to: Timestamp,
        in transaction: Transaction
    ) throws {
        guard var known = try ScheduleRecord.find(schedule.target, schedule.cron, in: transaction),
            let missed = known.missed, missed.from >= from
        else { return }
        let first = known.cron.next(after: Timestamp(milliseconds: to.milliseconds - 1))
        if missed.to < to {
            known.missed = nil
        } else if missed.from < first {
            let done = known.cron.count(from: missed.from, to: first)
            known.missed = MissedTimesBody(count: max(1, missed.count - done), from: first, to: missed.to)
        }
        try known.save(in: transaction)
    }
}

import FlareModel
import FlareStore
import Logging

/// What the loop of schedules does, a transaction at a time.
extension WorkflowService {
    /// The loop that runs schedules.
    package var scheduleLoop: ScheduleLoop { ScheduleLoop(service: self) }

    /// Runs the schedules whose time has come, and tells when the next one is due.
    ///
    /// In one transaction a time is written down as run, the schedule moves on, and the instance begins or the call of
    /// the handler is queued: after a crash all of that has happened or nothing.
    func runDueSchedules() async throws -> Timestamp? {
        try await store.persist { transaction in
            let now = self.store.time.now()
            for schedule in try ScheduleRecord.due(at: now, limit: Limits.schedulesAtOnce, in: transaction) {
                try self.run(schedule, at: now, in: transaction)
            }
            return try ScheduleRecord.nextTime(in: transaction)
        }
    }

    /// Lets schedules whose next time lies too far ahead go on earlier.
    ///
    /// That is so when the clock was ahead for a while and was set back. Times that were run are left out.
    func realignSchedules() async throws {
        try await store.persist { transaction in
            let now = self.store.time.now()
            for var schedule in try ScheduleRecord.waiting(at: now, in: transaction) {
                let start = max(now, schedule.prunedAt ?? now)
                let next = try self.unrun(schedule, from: schedule.cron.next(after: start), in: transaction)
                guard next < schedule.nextAt else { continue }
                self.store.logger.notice(
                    "the clock was set back; a schedule goes on earlier",
                    metadata: schedule.metadata(["was": schedule.nextAt.text, "next": next.text])
                )
                schedule.nextAt = next
                try schedule.save(in: transaction)
            }
        }
    }

    private func run(_ schedule: ScheduleRecord, at now: Timestamp, in transaction: Transaction) throws {
        var schedule = schedule
        // What cannot begin must not keep the other schedules from it.
        if case .workflow(let name) = schedule.target,
            try WorkflowRecord.find(name, in: transaction)?.kind != .worker
        {
            return try ScheduleRecord.deleteAll(of: schedule.target, in: transaction)
        }
        let plan = ScheduleRule(cron: schedule.cron, catchUp: schedule.catchUp).plan(from: schedule.nextAt, at: now)
        for time in plan.times {
            let isLate = (now - time).milliseconds > Limits.scheduleLateMillisecondsMax
            try run(schedule, time, origin: isLate ? .catchUp : .schedule, in: transaction)
        }
        if let missed = try plan.missed.flatMap({ try unrun(schedule, $0, in: transaction) }) {
            schedule.missed = schedule.missed?.adding(missed) ?? missed
            report(missed, of: schedule, in: transaction)
        }
        if let pruned = try ScheduleRunRecord.prune(
            schedule.target,
            schedule.cron,
            keep: Limits.scheduleRunsKept,
            in: transaction
        ) {
            schedule.prunedAt = max(pruned, schedule.prunedAt ?? pruned)
        }
        schedule.nextAt = plan.next <= now ? plan.next : try unrun(schedule, from: plan.next, in: transaction)
        try schedule.save(in: transaction)
    }

    /// Runs one scheduled time unless it was run before.
    ///
    /// Returns whether an instance or a call came of it.
    @discardableResult
    func run(
        _ schedule: ScheduleRecord,
        _ time: Timestamp,
        origin: ScheduleRunRecord.Origin,
        in transaction: Transaction
    ) throws -> Bool {
        let (cron, now) = (schedule.cron, store.time.now())
        switch schedule.target {
        case .worker:
            return try ScheduleRunRecord.insert(
                schedule.target,
                cron,
                scheduledAt: time,
                origin: origin,
                at: now,
                in: transaction
            ) != nil
        case .workflow(let name):
            let id = cron.instanceID(at: time)
            let isNew = try ScheduleRunRecord.insert(
                schedule.target,
                cron,
                scheduledAt: time,
                origin: origin,
                instance: id,
                at: now,
                in: transaction
            )
            guard isNew != nil || origin == .backfill else { return false }
            do {
                try create(
                    NewInstance(id: id, trigger: .cron, schedule: cron.event(at: time)),
                    of: name,
                    in: transaction
                )
            } catch let error as FlareError where error.code == .alreadyExists {
                return false
            }
            return true
        }
    }

    /// The first time from this one on that was not run.
    private func unrun(
        _ schedule: ScheduleRecord,
        from first: Timestamp,
        in transaction: Transaction
    ) throws -> Timestamp {
        var time = first
        // Ends: a bounded number of times is remembered.
        while try ScheduleRunRecord.wasRun(schedule.target, schedule.cron, at: time, in: transaction) {
            time = schedule.cron.next(after: time)
        }
        return time
    }

    /// Without the times that were run: before the clock was set back, or by a backfill.
    private func unrun(
        _ schedule: ScheduleRecord,
        _ missed: MissedTimesBody,
        in transaction: Transaction
    ) throws -> MissedTimesBody? {
        let (target, cron) = (schedule.target, schedule.cron)
        let runs = try ScheduleRunRecord.count(target, cron, from: missed.from, to: missed.to, in: transaction)
        return runs < missed.count ? MissedTimesBody(count: missed.count - runs, from: missed.from, to: missed.to) : nil
    }

    private func report(_ missed: MissedTimesBody, of schedule: ScheduleRecord, in transaction: Transaction) {
        let facts = ["missed": "\(missed.count)", "from": missed.from.text, "to": missed.to.text]
        let metadata = schedule.metadata(facts)
        transaction.afterCommit { [store] in
            store.logger.warning(
                "scheduled times were missed: the engine was down, or the clock was set forward",
                metadata: metadata
            )
        }
    }
}

extension ScheduleRecord {
    /// What a log line says about the schedule.
    fileprivate func metadata(_ facts: [String: String]) -> Logger.Metadata {
        facts.merging([target.kind: target.name, "cron": cron.text]) { $1 }.mapValues { "\($0)" }
    }
}

package import FlareModel
import FlareStore

extension WorkflowService {
    /// Calls the `scheduled` handler of a Worker now, once, and waits for its end.
    ///
    /// Without an expression it is the only one that the Worker has. Throws `invalidArgument` when there is none, or
    /// more than one.
    package func callScheduled(_ worker: String, _ call: ScheduledCallRequest) async throws -> ScheduledRunBody {
        let target = ScheduleTarget.worker(worker)
        let sequence = try await store.database.write { transaction in
            let now = self.store.time.now()
            let cron = try call.cron.map(CronExpression.init) ?? self.onlyCron(of: target, in: transaction)
            let sequence = try ScheduleRunRecord.insert(
                target,
                cron,
                scheduledAt: call.scheduledTime ?? now,
                origin: .command,
                at: now,
                in: transaction
            )
            transaction.afterCommit { [schedules = self.schedules] in schedules.loop.notify() }
            return sequence
        }
        guard let sequence else { preconditionFailure("a command's run is not kept from running again") }
        return try await schedules.runs.watching(sequence) { changed in
            while true {
                let run = try await store.database.read { transaction -> ScheduledRunBody? in
                    guard let run = try ScheduleRunRecord.find(sequence, in: transaction) else {
                        throw FlareError(.workerNotFound, "the Worker \"\(worker)\" was deleted")
                    }
                    return run.endedAt == nil ? nil : try run.body(in: transaction)
                }
                if let run { return run }
                await changed.wait()
                try Task.checkCancellation()
            }
        }
    }

    private func onlyCron(of target: ScheduleTarget, in transaction: Transaction) throws -> CronExpression {
        let schedules = try ScheduleRecord.list(of: target, in: transaction)
        guard let only = schedules.first, schedules.count == 1 else {
            let list = schedules.map { "\"\($0.cron.text)\"" }.joined(separator: ", ")
            throw FlareError(
                .invalidArgument,
                schedules.isEmpty
                    ? "\(target) has no cron trigger, so the handler cannot be told which one called it"
                    : "\(target) has \(schedules.count) cron triggers: \(list)",
                hint: "name one: --cron \"\(schedules.first?.cron.text ?? "0 * * * *")\""
            )
        }
        return only.cron
    }
}

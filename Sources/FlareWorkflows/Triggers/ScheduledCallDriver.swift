import FlareModel
import FlareStore
import FlareWorkers
import Logging

/// Calls the `scheduled` handler of a Worker for one scheduled time, and writes down how it ended.
struct ScheduledCallDriver: Sendable {
    let service: WorkflowService

    /// How a call ended.
    private enum End {
        case succeeded
        case failed(JavaScriptError, isFinal: Bool)
        /// The engine stops; the next start calls again.
        case interrupted
    }

    /// Returns when the call has ended and that is written down.
    func drive(_ run: ScheduleRunRecord) async {
        switch await call(run) {
        case .interrupted: break
        case .succeeded: await write(run, error: nil, retryAt: nil)
        case .failed(let error, let isFinal):
            let retryAt = isFinal ? nil : retryTime(run)
            report(error, of: run, retryAt: retryAt)
            await write(run, error: error, retryAt: retryAt)
        }
        service.schedules.runs.notify(run.sequence)
    }

    private func call(_ run: ScheduleRunRecord) async -> End {
        let call = ScheduledCall(cron: run.cron, scheduledTime: run.scheduledAt)
        do {
            let result = try await service.hooks.invoke(call.invocation(worker: run.target.name) { show($0, run) })
            guard let failure = result.failure else { return .succeeded }
            return .failed(failure, isFinal: ScheduledCall.forbidsRetry(result))
        } catch is CancellationError {
            return .interrupted
        } catch let error as FlareError {
            if Task.isCancelled { return .interrupted }
            let thrown = error.cause as? JavaScriptError ?? JavaScriptError(name: "Error", message: error.description)
            return .failed(thrown, isFinal: error.code == .workerNotFound)
        } catch {
            return .failed(JavaScriptError(message: "\(error)"), isFinal: false)
        }
    }

    /// Nil when the call is not made again.
    private func retryTime(_ run: ScheduleRunRecord) -> Timestamp? {
        // Whoever calls by hand sees the failure and can call again.
        guard run.origin != .command, run.attempts <= Limits.scheduledRetriesMax else { return nil }
        var delay = Limits.scheduledRetryMilliseconds
        for _ in 1..<max(run.attempts, 1) { delay *= Limits.scheduledRetryFactor }
        return service.store.time.now() + .milliseconds(delay)
    }

    private func write(_ run: ScheduleRunRecord, error: JavaScriptError?, retryAt: Timestamp?) async {
        do {
            try await service.store.persist { [service] transaction in
                let now = service.store.time.now()
                try ScheduleRunRecord.setEnded(
                    run.sequence,
                    error: error,
                    retryAt: retryAt,
                    at: now,
                    in: transaction
                )
                if run.origin == .command {
                    let keep = Limits.scheduleRunsKept
                    try ScheduleRunRecord.pruneCommands(of: run.target, keep: keep, in: transaction)
                }
            }
        } catch {
            // Only at the end of the engine; the next start calls the handler again.
            service.store.logger.warning(
                "the end of a scheduled handler could not be written",
                metadata: ["worker": "\(run.target.name)", "error": "\(error)"]
            )
        }
    }

    private func show(_ line: ConsoleLine, _ run: ScheduleRunRecord) {
        service.store.logger.info(
            "console",
            metadata: ["worker": "\(run.target.name)", "level": "\(line.level)", "text": "\(line.message)"]
        )
    }

    private func report(_ error: JavaScriptError, of run: ScheduleRunRecord, retryAt: Timestamp?) {
        service.store.logger.warning(
            "a scheduled handler failed",
            metadata: [
                "worker": "\(run.target.name)", "cron": "\(run.cron)", "time": "\(run.scheduledAt.text)",
                "attempt": "\(run.attempts)", "retry": "\(retryAt?.text ?? "none")",
                "error": "\(error.name): \(error.message)", "stack": "\(error.stack ?? "")",
            ]
        )
    }
}

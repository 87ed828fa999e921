package import FlareModel

/// One call of a Worker's `scheduled` handler.
package struct ScheduledCall: Sendable {
    /// As it was configured: handlers tell their schedules apart by this text.
    package var cron: String
    package var scheduledTime: Timestamp

    package init(cron: String, scheduledTime: Timestamp) {
        self.cron = cron
        self.scheduledTime = scheduledTime
    }

    /// The invocation of the handler.
    package func invocation(worker: String, onLog: (@Sendable (ConsoleLine) -> Void)? = nil) -> Invocation {
        Invocation(
            worker: worker,
            kind: .scheduled,
            header: .object(["cron": .string(cron), "scheduledTime": .integer(scheduledTime.milliseconds)]),
            deadline: Limits.scheduledHandlerTimeout,
            tags: ["cron": cron],
            onLog: onLog
        )
    }

    /// Whether the handler has called `noRetry()`.
    package static func forbidsRetry(_ result: InvocationResult) -> Bool {
        result.value["noRetry"]?.boolValue ?? false
    }
}

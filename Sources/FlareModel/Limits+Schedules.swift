extension Limits {
    /// Cron expressions of one Worker or workflow.
    ///
    /// Cloudflare allows 250 for a whole account.
    package static let schedulesPerTargetMax = 100

    /// How late a scheduled time may still be run, in milliseconds.
    ///
    /// A restart of the engine passes unnoticed; what is later was missed.
    package static let scheduleLateMillisecondsMax: Int64 = 60_000

    /// Missed times that a schedule with catch-up `all` runs, the newest; those before them stay missed.
    package static let scheduleCatchUpMax = 1_000

    /// Times of one schedule that are run in one transaction.
    package static let scheduleTimesAtOnce = 100

    /// Schedules that are looked at in one transaction.
    package static let schedulesAtOnce = 100

    /// Times of one schedule that are remembered as run.
    ///
    /// Bounds how far the clock may go back with no time run twice: to before the oldest of them nothing is run at all.
    package static let scheduleRunsKept = 1_000

    /// How long the loop of schedules sleeps at most, in milliseconds, since nothing tells it that the clock was set
    /// back.
    package static let scheduleWaitMillisecondsMax: Int64 = 900_000

    /// Calls of `scheduled` handlers at once.
    ///
    /// Those beyond it wait for a place.
    package static let scheduledInvocationsMax = 16

    /// Calls after the first one of a `scheduled` handler that throws, unless it has called `noRetry()`.
    package static let scheduledRetriesMax = 3

    /// The wait before the first of them, in milliseconds: 15 s, then 1 min, then 4 min.
    package static let scheduledRetryMilliseconds: Int64 = 15_000
    package static let scheduledRetryFactor: Int64 = 4

    /// Scheduled times that one call of a backfill looks at, in one transaction.
    ///
    /// Clients go on where it ended.
    package static let backfillPageMax = 250
}

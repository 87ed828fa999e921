import FlareStore

/// Who is told of changes of schedules and of calls of handlers.
struct ScheduleSignals: Sendable {
    /// Of the one loop.
    let loop = Wake()
    /// Of those who wait for the end of a call, by its sequence.
    let runs = InstanceWatchers()
}

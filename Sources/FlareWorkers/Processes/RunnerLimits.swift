import FlareModel

/// What one process of a version may use, and how many there may be.
struct RunnerLimits: Sendable, Hashable {
    /// Processor time that code may use without returning to the event loop.
    var processorTime: Duration
    /// Silence after which a process counts as stuck although it uses no processor time.
    var silence: Duration
    /// Resident memory.
    var memoryBytes: UInt64
    /// Processes at once.
    var processesMax: Int

    /// The limits of a version: its own, where it has them, else those of the engine.
    init(_ configuration: DeployedConfiguration, settings: WorkerSettings) {
        let own = configuration.limits
        processorTime = own?.processorMilliseconds.map { .milliseconds($0) } ?? settings.processorTime
        // Waiting is no work: code that waits in a way that stops everything gets as long as the slowest machine needs.
        silence = max(settings.unresponsiveTimeout, processorTime)
        memoryBytes = own?.memoryMegabytes.map { UInt64($0) * 1_000_000 } ?? settings.memoryBytesMax
        let wanted = own?.concurrency ?? settings.processorCount
        processesMax = max(1, min(wanted, Limits.workerProcessesMax))
    }

    /// RLIMIT_DATA: above the limit that is watched, so that only allocations faster than the watch meet it.
    var dataBytesMax: UInt64 { memoryBytes + memoryBytes / 4 + 64_000_000 }
}

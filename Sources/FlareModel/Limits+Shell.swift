extension Limits {
    /// Output kept of one step of a shell script, in bytes, over all its attempts.
    ///
    /// What is beyond it is still passed through. It travels in one answer when the step is replayed.
    package static let shellStepOutputBytesMax = 4 * 1024 * 1024

    /// One row of kept output, in bytes, so that no row is much larger than a page of it is worth.
    package static let shellOutputRowBytesMax = 256 * 1024

    /// Bytes of output that the status of an instance shows of a step.
    package static let shellExcerptBytesMax = 1_024

    /// The largest parameters that a script can get, in bytes: Linux takes 128 KiB for one variable of the environment.
    package static let shellParamsBytesMax = 100_000

    /// How long a command that ran into its time-out, or whose script has gone, may take to end after SIGTERM, in
    /// milliseconds, before it is killed.
    package static let shellGraceMilliseconds: Int64 = 5_000

    /// How long `flare step` tries to reach the engine before it gives up, in milliseconds.
    ///
    /// Long enough for an engine that is being replaced, short enough for a CI job.
    package static let shellReconnectMilliseconds: Int64 = 60_000

    /// How long `flare step` tries to write down the result of a command that has run, in milliseconds: without it the
    /// command would run again.
    package static let shellRecordMilliseconds: Int64 = 600_000
}

extension Limits {
    /// The JSON header of one frame from user code, in bytes: names and small values, never bodies.
    package static let frameHeaderBytesMax = 4 * 1024 * 1024

    /// One frame to or from user code, in bytes.
    ///
    /// Bounds the largest object that a Worker can read or write at once.
    package static let frameBytesMax = 64 * 1024 * 1024

    /// Values of finished steps sent along when an instance resumes, in bytes; larger journals are fetched by entry.
    package static let journalInlineBytesMax = 8 * 1024 * 1024

    /// The longest sleep or delay of a step: 366 days, in milliseconds.
    package static let stepMillisecondsMax: Int64 = 366 * 86_400_000

    /// RLIMIT_DATA of a process of user code, in bytes: JavaScript heap, ArrayBuffers and WebAssembly together.
    package static let workerDataBytesMax: UInt64 = 1024 * 1024 * 1024

    /// Processes of one version at once, however many an invocation would like: each takes some 50 MB.
    package static let workerProcessesMax = 16

    /// How long a Worker may take from its start until it is ready.
    ///
    /// Node alone needs 50 to 200 ms.
    package static let workerStartTimeout = Duration.seconds(30)

    /// A process that has not answered a ping for this long is killed: its code loops without end.
    ///
    /// Cloudflare's largest processor time of a step is five minutes.
    package static let workerUnresponsiveTimeout = Duration.seconds(300)

    /// A process without invocations is stopped after this long.
    package static let workerIdleTimeout = Duration.seconds(60)

    /// How long a process may finish its invocations when the engine stops.
    package static let workerDrainTimeout = Duration.seconds(5)

    /// The longest one batch may take in a `queue` handler (Cloudflare's limit).
    package static let queueHandlerTimeout = Duration.seconds(900)

    /// Waits between starts of a process that keeps dying: doubled from the first to the second value.
    package static let workerRestartDelayMin = Duration.milliseconds(250)
    package static let workerRestartDelayMax = Duration.seconds(30)

    /// One console line, in bytes; longer ones are cut.
    package static let consoleLineBytesMax = 16_384

    /// A bundled Worker, in bytes (Cloudflare's limit is 10 MB compressed).
    package static let bundleBytesMax = 64 * 1024 * 1024

    /// Versions of a Worker kept besides those that unfinished instances need: the current one and two to go back to.
    package static let workerVersionsKept = 3

    /// A wrangler configuration file, in bytes.
    package static let configurationBytesMax = 1024 * 1024

    /// Calls of one process to the engine that may wait for their answers at the same time.
    package static let runnerCallsMax = 10_000

    /// How long a Worker may take to answer a request or a method (Cloudflare's proxy waits as long).
    ///
    /// A body that has begun may take longer.
    package static let workerAnswerTimeout = Duration.seconds(100)

    /// Requests and calls of methods that may be open in one Worker: each holds up to two windows of bytes.
    package static let workerCallsMax = 1_000

    /// Bytes of one body in one direction that may be on their way to or from a process.
    package static let streamWindowBytes = 262_144

    /// One chunk of a body, in bytes, so that bodies of one process take turns.
    package static let streamChunkBytesMax = 65_536

    /// Bytes that are read before the sender is told, so that small chunks do not cost a frame each.
    package static let streamCreditBytesMin = 32_768

    /// Services that may call each other in a row (Cloudflare's limit of nested subrequests).
    package static let serviceDepthMax = 16
}

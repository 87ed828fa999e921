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

    /// Resident memory of a process of user code, in bytes: JavaScript heap, ArrayBuffers and WebAssembly together.
    ///
    /// `limits.memory_mb` of a Worker's configuration sets another one, within the range below.
    package static let workerMemoryBytesMax: UInt64 = 1_000_000_000

    /// What `limits.memory_mb` may be: Node alone takes 50 MB.
    package static let workerMemoryMegabytes = 128...65_536

    /// Processor time that code may use without returning to the event loop: Cloudflare's default of an invocation.
    ///
    /// `limits.cpu_ms` of a Worker's configuration sets another one, within the range below.
    package static let workerProcessorTime = Duration.seconds(30)

    /// What `limits.cpu_ms` may be, Cloudflare's bounds.
    package static let workerProcessorMilliseconds = 10...300_000

    /// Processes of one version at once, however many an invocation would like: each takes some 50 MB.
    package static let workerProcessesMax = 16

    /// How long a Worker may take from its start until it is ready.
    ///
    /// Node alone needs 50 to 200 ms.
    package static let workerStartTimeout = Duration.seconds(30)

    /// A process that has not answered a ping for this long is killed even though it uses no processor time: its code
    /// waits in a way that stops everything, such as `Atomics.wait`.
    package static let workerUnresponsiveTimeout = Duration.seconds(60)

    /// A process with an invocation past its deadline is killed after a silence of this length; one that still answers
    /// may finish its other invocations.
    package static let workerExpiredGrace = Duration.seconds(2)

    /// How often busy processes are looked at.
    package static let workerLookInterval = Duration.milliseconds(500)

    /// The least time over which the processor time of a Worker's process is measured: ten times what its clock
    /// counts in.
    package static let workerMeasureMin = Duration.milliseconds(100)

    /// The part of its time that a process computes when another one should share its work.
    package static let workerBusyUtilization = 0.7

    /// How long a process counts as busy after a look that found it so.
    package static let workerBusyLength = Duration.seconds(2)

    /// How long a version whose code cannot be loaded is not started again, unless it is deployed anew.
    package static let workerBrokenLength = Duration.seconds(60)

    /// Deliveries of one batch that other invocations in its process may spoil without counting.
    package static let workerDisturbancesMax = 5

    /// Console lines of one process at once, and in a second from then on; more are counted and left out.
    package static let consoleLinesBurst = 20_000
    package static let consoleLinesPerSecond = 2_000

    /// A process without invocations is stopped after this long.
    package static let workerIdleTimeout = Duration.seconds(60)

    /// How long a process may finish its invocations when the engine stops.
    package static let workerDrainTimeout = Duration.seconds(5)

    /// The longest one batch may take in a `queue` handler (Cloudflare's limit).
    package static let queueHandlerTimeout = Duration.seconds(900)

    /// The longest one call of a `scheduled` handler may take (Cloudflare's limit).
    package static let scheduledHandlerTimeout = Duration.seconds(900)

    /// Waits between starts of a process that keeps dying: doubled from the first to the second value.
    package static let workerRestartDelayMin = Duration.milliseconds(250)
    package static let workerRestartDelayMax = Duration.seconds(30)

    /// One console line, in bytes; longer ones are cut.
    package static let consoleLineBytesMax = 16_384

    /// A bundled Worker, in bytes (Cloudflare's limit is 10 MB compressed).
    package static let bundleBytesMax = 64 * 1024 * 1024

    /// What esbuild may take for an upload, in bytes: about twenty times the largest body that brings one.
    package static let uploadToolBytesMax: UInt64 = 2_000_000_000

    /// Modules of one upload, and the bytes of a module's name, which is a path.
    package static let scriptModulesMax = 1_000
    package static let scriptModuleNameBytesMax = 512

    /// The headers of one part of a multipart body, in bytes: its name, file name and type.
    package static let partHeaderBytesMax = 8_192

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

    /// A secret's value, in bytes (Cloudflare's limit is 5 KB).
    ///
    /// All of them travel in the first frame of a process.
    package static let secretBytesMax = 16_384

    /// Secrets of one Worker (Cloudflare's limit for all variables together).
    package static let secretsMax = 128

    /// The message of a version, in characters; a tag has at most a quarter of them.
    package static let versionMessageLengthMax = 400

    /// How long a project's own build command may run.
    package static let buildCommandTimeout = Duration.seconds(300)

    /// Trace events that wait for one follower; further ones are dropped and counted.
    package static let traceEventsMax = 1_000

    /// Console lines that wait for one follower, in bytes of text, over all its events.
    package static let traceBytesMax = 8 * 1024 * 1024

    /// Tails that clients may have asked for, of one Worker (Cloudflare's limit) and of all.
    package static let tailsOfWorkerMax = 10
    package static let tailsMax = 100

    /// Connections that may follow one tail: its client, and others that were told its address.
    package static let tailFollowersMax = 10

    /// How long a tail may be followed anew after it was asked for.
    package static let tailSecondsMax = 6 * 3_600

    /// How long a connection to the port of tails may take to say which one it follows, which silent ones never do.
    package static let tailHandshakeSeconds = 10

    /// Connections to the port of tails: one for each, and as many again that have not said which one.
    package static let tailConnectionsMax = 200

    /// The largest frame that a client sends on a tail: a few words about itself.
    package static let tailFrameBytesMax = 16_384

    /// Console lines of one trace event, and their bytes; further ones are cut (Cloudflare's limit is 128 KB).
    package static let traceLogsMax = 256
    package static let traceLogBytesMax = 128 * 1024
}

import FlareModel
import FoundationEssentials

/// What the engine tells the room of Workers about its machine, and bounds that tests make shorter.
package struct WorkerSettings: Sendable {
    /// Where programs are looked for, as in the variable `PATH`.
    package var searchPath: String
    /// An explicit Node.js (`FLARE_NODE`), or nil.
    package var nodePath: String?
    /// An explicit esbuild (`FLARE_ESBUILD`), or nil.
    package var esbuildPath: String?
    package var startTimeout = Limits.workerStartTimeout
    package var answerTimeout = Limits.workerAnswerTimeout
    package var unresponsiveTimeout = Limits.workerUnresponsiveTimeout
    package var idleTimeout = Limits.workerIdleTimeout
    package var drainTimeout = Limits.workerDrainTimeout
    package var restartDelayMin = Limits.workerRestartDelayMin
    package var restartDelayMax = Limits.workerRestartDelayMax
    /// Of Workers whose configuration sets no limits of their own.
    package var memoryBytesMax = Limits.workerMemoryBytesMax
    package var processorTime = Limits.workerProcessorTime
    package var expiredGrace = Limits.workerExpiredGrace
    package var lookInterval = Limits.workerLookInterval
    package var brokenLength = Limits.workerBrokenLength
    /// Processes of a Worker under load that does not say how many it may have: the machine's cores.
    package var processorCount = ProcessInfo.processInfo.activeProcessorCount

    package init(environment: [String: String]) {
        let path = environment["PATH"] ?? ""
        searchPath = path.isEmpty ? "/usr/local/bin:/usr/bin:/bin" : path
        nodePath = environment["FLARE_NODE"].flatMap { $0.isEmpty ? nil : $0 }
        esbuildPath = environment["FLARE_ESBUILD"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

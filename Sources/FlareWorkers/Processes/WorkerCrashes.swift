import FlareModel

/// Deaths of the processes of one version, since the engine started.
struct WorkerCrashes: Sendable, Hashable {
    private(set) var count = 0
    private(set) var lastReason = ""
    private(set) var lastTime = Timestamp(milliseconds: 0)

    mutating func add(_ reason: String, at now: Timestamp) {
        count += 1
        lastReason = reason
        lastTime = now
    }
}

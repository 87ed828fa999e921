import FlareModel

/// Bounds how many lines of one kind a process may write: many at once, fewer in the long run.
struct LineBudget: Sendable {
    private var left = Double(Limits.consoleLinesBurst)
    private var last: ContinuousClock.Instant?
    private var dropped = 0

    /// How many lines were left out before this one; nil when it is left out itself.
    mutating func admit(at now: ContinuousClock.Instant) -> Int? {
        if let last {
            let earned = last.duration(to: now) / .seconds(1) * Double(Limits.consoleLinesPerSecond)
            left = min(Double(Limits.consoleLinesBurst), left + earned)
        }
        last = now
        guard left >= 1 else {
            dropped += 1
            return nil
        }
        left -= 1
        defer { dropped = 0 }
        return dropped
    }
}

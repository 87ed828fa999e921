import FlareModel

/// The rules by which a process counts as stuck, too large or busy.
///
/// Fed with a sample at each look; anything that the process has said since the last one shows that it lives.
struct RunnerHealth: Sendable {
    /// What a look found.
    enum Finding: Sendable, Hashable {
        case fine
        /// Its code has used this much processor time without returning to the event loop.
        case blocked(processorTime: Duration)
        /// It has said nothing for so long, without using the processor for it.
        case silent(Duration)
        case tooLarge(bytes: UInt64)
    }

    private let limits: RunnerLimits
    /// The process has sent a frame since the last look.
    private var hasSpoken = true
    /// Processor time at the look at which it was last known to live.
    private var processorTimeAlive: Duration?
    /// Since that look.
    private var silence = Duration.zero
    private var last: ProcessSample?
    /// The look since which its use of the processor is measured.
    private var measured: ProcessSample?
    private var hotUntil: SuspendingClock.Instant?

    init(_ limits: RunnerLimits) {
        self.limits = limits
    }

    /// The part of the time that its JavaScript ran, when that was last measured: 0 to 1.
    private(set) var utilization = 0.0
    private(set) var memoryBytes: UInt64 = 0

    /// A frame has come, or a process that was idle is given work.
    mutating func heard() {
        hasSpoken = true
    }

    /// Whether another process should share the work: this one computes most of the time, or does not answer.
    func isHot(at now: SuspendingClock.Instant) -> Bool {
        hotUntil.map { now < $0 } ?? false
    }

    /// Looks at the process.
    ///
    /// `grace` replaces the limits when it is shorter: an invocation is past its deadline, and its process is only
    /// spared if it still answers.
    mutating func look(_ sample: ProcessSample, isBusy: Bool, grace: Duration? = nil) -> Finding {
        defer { last = sample }
        memoryBytes = sample.memoryBytes
        let isQuiet = !hasSpoken && isBusy
        hasSpoken = false
        measure(sample, isQuiet: isQuiet)
        guard sample.memoryBytes <= limits.memoryBytes else { return .tooLarge(bytes: sample.memoryBytes) }
        guard isQuiet, let before = processorTimeAlive, let last else {
            processorTimeAlive = sample.processorTime
            silence = .zero
            return .fine
        }
        // An engine that was itself stopped for a while has not listened.
        silence += min(last.time.duration(to: sample.time), Limits.workerLookInterval * 2)
        let processorTime = sample.processorTime - before
        if processorTime >= limits.processorTime { return .blocked(processorTime: processorTime) }
        if let grace, silence >= grace { return .silent(silence) }
        // On a machine with too much to do, a process that computes is slow rather than stuck.
        let isWaiting = processorTime < silence / 10
        return silence >= (isWaiting ? limits.silence : limits.silence * 5) ? .silent(silence) : .fine
    }

    private mutating func measure(_ sample: ProcessSample, isQuiet: Bool) {
        guard let since = measured else { return measured = sample }
        let elapsed = since.time.duration(to: sample.time)
        // Looks may follow each other at once, as when a process is new. A moment shows nothing: one tick of the clock
        // would be more than all of it, and no answer could have come.
        guard elapsed >= Limits.workerMeasureMin else { return }
        measured = sample
        utilization = min(1, (sample.processorTime - since.processorTime) / elapsed)
        // Kept for some looks, so that work which moves to another process does not come back at once.
        if utilization >= Limits.workerBusyUtilization || isQuiet { hotUntil = sample.time + Limits.workerBusyLength }
    }
}

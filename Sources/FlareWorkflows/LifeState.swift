import FlareModel

/// The rules of one life of a run, from the start of its code until that returns or is put aside.
///
/// A life is put aside when its code does nothing but wait, for long, or when a pause is asked for and no attempt runs.
/// It hangs when an attempt is far past its time-out and the process has not said so.
struct LifeState: Sendable {
    /// What to do now.
    enum Next: Sendable, Hashable {
        /// Put the run aside until the first of these waits is over.
        case suspend(until: Timestamp, waits: Set<StepKey>)
        /// Put the run aside for a pause: no step runs.
        case pause
        case hung(StepKey)
        /// Look again at this time, or when something changes.
        case check(at: Timestamp?)
    }

    private enum Call: Sendable {
        /// Is being worked on.
        case active
        case held(StepKey, until: Timestamp)
    }

    private var calls: [Int: Call] = [:]
    private var nextCall = 0
    private var attempts: [StepKey: Timestamp] = [:]
    private var quietSince: Timestamp
    private var isClosed = false
    private var isPausing = false

    init(at now: Timestamp) {
        quietSince = now
    }

    /// A call has come in.
    ///
    /// Returns the number it is known by.
    mutating func call(at now: Timestamp) -> Int {
        nextCall += 1
        calls[nextCall] = .active
        quietSince = now
        return nextCall
    }

    /// The call must wait until `due`.
    mutating func hold(_ call: Int, _ step: StepKey, until due: Timestamp) {
        calls[call] = .held(step, until: due)
    }

    /// The call goes on.
    ///
    /// False when the life has been closed meanwhile and nothing may be answered.
    mutating func resume(_ call: Int, at now: Timestamp) -> Bool {
        guard !isClosed else { return false }
        calls[call] = .active
        quietSince = now
        return true
    }

    /// The call has been answered.
    mutating func answered(_ call: Int, at now: Timestamp) {
        calls[call] = nil
        quietSince = now
    }

    /// An attempt begins, and may last `timeout`; nil for as long as it likes.
    mutating func began(_ step: StepKey, timeout: Duration?, at now: Timestamp) {
        let longest = timeout ?? .milliseconds(Limits.workflowSleepMillisecondsMax)
        attempts[step] = now + longest + .milliseconds(Limits.workflowTimeoutGraceMilliseconds)
    }

    /// Whether new steps begin: no pause is asked for.
    var mayBegin: Bool { !isPausing && !isClosed }

    /// Whether the code stands between two steps and may begin the next one.
    var isBetweenSteps: Bool { mayBegin && calls.isEmpty && attempts.isEmpty }

    /// Whether the code does nothing but wait for the engine.
    var onlyWaits: Bool {
        !calls.isEmpty && attempts.isEmpty
            && calls.values.allSatisfy { if case .held = $0 { true } else { false } }
    }

    /// When the first attempt that runs is past its time.
    var firstTimeout: Timestamp? { attempts.values.min() }

    /// The running attempt of a step has ended.
    mutating func ended(_ step: StepKey) {
        attempts[step] = nil
    }

    /// A pause is asked for, or no longer.
    mutating func setPausing(_ isPausing: Bool, at now: Timestamp) {
        self.isPausing = isPausing
        quietSince = now
    }

    /// Something happens that is no call of a step, such as reading a long result.
    mutating func heard(at now: Timestamp) {
        quietSince = now
    }

    /// Decides.
    ///
    /// A life that is to be suspended or that hangs is closed by this.
    mutating func next(at now: Timestamp) -> Next {
        if let hung = attempts.first(where: { $0.value <= now }) {
            isClosed = true
            return .hung(hung.key)
        }
        var checks = Array(attempts.values)
        var waits: Set<StepKey> = []
        var first: Timestamp?
        for case .held(let step, let due) in calls.values {
            waits.insert(step)
            first = min(first ?? due, due)
        }
        if isPausing, attempts.isEmpty, waits.count == calls.count {
            isClosed = true
            return .pause
        }
        if let first, attempts.isEmpty, waits.count == calls.count {
            let settled = quietSince + .milliseconds(Limits.workflowSettleMilliseconds)
            let isLong = (first - max(now, settled)).milliseconds > Limits.workflowHoldMilliseconds
            if isLong, settled <= now {
                isClosed = true
                return .suspend(until: first, waits: waits)
            }
            if isLong { checks.append(settled) }
        }
        return .check(at: checks.min())
    }
}

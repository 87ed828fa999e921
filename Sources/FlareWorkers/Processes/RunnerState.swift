import FlareModel

/// The rules of one process's life, without any I/O: which phase it is in and which invocations it holds.
struct RunnerState {
    enum Phase {
        /// The bundle is being imported.
        case starting
        /// Takes invocations.
        case ready
        /// Finishes what it has and takes nothing new.
        case draining
        /// Has ended, for this reason.
        case closed(FlareError)
    }

    private struct Entry {
        let continuation: AsyncStream<RunnerEvent>.Continuation
        var openCalls = 0
    }

    private(set) var phase = Phase.starting
    private var invocations: [String: Entry] = [:]
    /// When the last invocation ended, or the process became ready.
    private(set) var idleSince: ContinuousClock.Instant
    private var health: RunnerHealth
    /// An invocation was given up because it took too long; its code may still run.
    private(set) var hasExpired = false
    /// Whether any invocation has ended well: the version works, whatever ends the process later.
    private(set) var hasServed = false
    private(set) var startedAt: ContinuousClock.Instant
    private(set) var endedAt: ContinuousClock.Instant?
    private var nextInvocation = 1
    /// Invocations that will begin here, so that others choose another process.
    private var expected = 0
    private var consoleBudget = LineBudget()
    private var strayBudget = LineBudget()
    /// The last lines written outside of invocations, to explain a start that failed.
    private(set) var strayLines: [String] = []
    /// Node has said that its heap is full; what it writes next, such as frames of the stack, may push that away.
    private(set) var isOutOfMemory = false

    init(now: ContinuousClock.Instant, limits: RunnerLimits) {
        health = RunnerHealth(limits)
        idleSince = now
        startedAt = now
    }

    /// Why the process cannot take an invocation, or nil when it can.
    var refusal: FlareError? {
        switch phase {
        case .ready: nil
        case .starting: FlareError(.engineUnavailable, "the Worker's process is still starting")
        case .draining: FlareError(.engineUnavailable, "the Worker's process is stopping")
        case .closed(let reason): reason
        }
    }

    var isBusy: Bool { !invocations.isEmpty }

    /// Invocations that run or are about to.
    var load: Int { invocations.count + expected }

    /// Announces an invocation; `begin` follows, whether it is refused or not.
    mutating func expect() {
        expected += 1
    }

    /// Takes an invocation; throws what `refusal` says when it cannot.
    mutating func begin(_ continuation: AsyncStream<RunnerEvent>.Continuation) throws -> String {
        expected = max(0, expected - 1)
        if let refusal { throw RunnerRefusal(reason: refusal) }
        // A process that was idle has been silent for good reason.
        if invocations.isEmpty { health.heard() }
        let id = String(nextInvocation)
        nextInvocation += 1
        invocations[id] = Entry(continuation: continuation)
        return id
    }

    /// Where the events of an invocation go; nil when it is unknown or over.
    func continuation(of id: String) -> AsyncStream<RunnerEvent>.Continuation? {
        invocations[id]?.continuation
    }

    /// Forgets an invocation.
    ///
    /// Returns whether it was still known.
    @discardableResult
    mutating func end(_ id: String, now: ContinuousClock.Instant) -> Bool {
        guard invocations.removeValue(forKey: id) != nil else { return false }
        if invocations.isEmpty { idleSince = now }
        return true
    }

    /// Anything came from the process, which therefore is not stuck.
    mutating func heard() {
        health.heard()
    }

    /// Looks whether the process is well.
    mutating func look(_ sample: ProcessSample, expiredGrace: Duration) -> RunnerHealth.Finding {
        health.look(sample, isBusy: isBusy || hasExpired, grace: hasExpired ? expiredGrace : nil)
    }

    func isHot(at now: SuspendingClock.Instant) -> Bool { health.isHot(at: now) }

    var utilization: Double { health.utilization }
    var memoryBytes: UInt64 { health.memoryBytes }

    /// The process takes nothing new, since code in it may never end.
    mutating func expire() {
        hasExpired = true
        drain()
    }

    mutating func served() {
        hasServed = true
    }

    mutating func becomeReady(now: ContinuousClock.Instant) {
        guard case .starting = phase else { return }
        phase = .ready
        idleSince = now
    }

    mutating func drain() {
        if case .ready = phase { phase = .draining }
    }

    /// Opens a call of an invocation; false when too many wait for their answers.
    mutating func beginCall(of id: String) -> Bool {
        guard let open = invocations[id]?.openCalls, open < Limits.runnerCallsMax else { return false }
        invocations[id]?.openCalls = open + 1
        return true
    }

    mutating func endCall(of id: String) {
        invocations[id]?.openCalls -= 1
    }

    mutating func stray(_ line: String) {
        strayLines.append(line)
        if strayLines.count > 20 { strayLines.removeFirst() }
        // Such as "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", from V8, or
        // "terminate called after throwing an instance of 'std::bad_alloc'", from what is around it.
        let signs = ["out of memory", "heap limit", "llocation failed", "std::bad_alloc"]
        if signs.contains(where: line.contains) { isOutOfMemory = true }
    }

    /// Whether a console line may be handed on, so that a flood of them does not fill memory and disk.
    ///
    /// Returns how many were left out before it; nil when it is left out itself.
    mutating func admitLine(at now: ContinuousClock.Instant) -> Int? { consoleBudget.admit(at: now) }

    /// The same for raw output, which must not cost the console its lines.
    mutating func admitStray(at now: ContinuousClock.Instant) -> Int? { strayBudget.admit(at: now) }

    /// The process has ended or is about to.
    ///
    /// The first reason stays. Returns the invocations that are lost, by their ids.
    mutating func close(
        _ reason: FlareError,
        now: ContinuousClock.Instant
    ) -> [String: AsyncStream<RunnerEvent>.Continuation] {
        if case .closed = phase { return [:] }
        phase = .closed(reason)
        endedAt = now
        let lost = invocations.mapValues(\.continuation)
        invocations = [:]
        return lost
    }
}

/// What an invocation hears from its process.
enum RunnerEvent: Sendable {
    case call(RunnerFrame)
    case result(RunnerFrame)
    case lost(FlareError)
}

/// A process that has not begun an invocation because it is not ready for one, or no more.
struct RunnerRefusal: Error {
    let reason: FlareError
}

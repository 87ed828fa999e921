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
    private(set) var lastHeard: ContinuousClock.Instant
    private(set) var startedAt: ContinuousClock.Instant
    private(set) var endedAt: ContinuousClock.Instant?
    private var nextInvocation = 1
    /// Invocations that will begin here, so that others choose another process.
    private var expected = 0
    /// The last lines written outside of invocations, to explain a start that failed.
    private(set) var strayLines: [String] = []

    init(now: ContinuousClock.Instant) {
        idleSince = now
        lastHeard = now
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
    mutating func heard(now: ContinuousClock.Instant) {
        lastHeard = now
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
    }

    /// The process has ended or is about to.
    ///
    /// The first reason stays. Returns the invocations that are lost.
    mutating func close(
        _ reason: FlareError,
        now: ContinuousClock.Instant
    ) -> [AsyncStream<RunnerEvent>.Continuation] {
        if case .closed = phase { return [] }
        phase = .closed(reason)
        endedAt = now
        let lost = invocations.values.map(\.continuation)
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

import FlareModel
import Testing

@testable import FlareWorkers

@Suite struct RunnerStateTests {
    private let start = ContinuousClock.now
    private let reason = FlareError(.engineUnavailable, "gone")

    @Test func `only a ready process takes invocations`() throws {
        var state = RunnerState(now: start, limits: .example)
        #expect(throws: RunnerRefusal.self) { try state.begin(continuation()) }
        state.becomeReady(now: start)
        let ids = [try state.begin(continuation()), try state.begin(continuation())]
        #expect(ids[0] != ids[1])
        state.drain()
        #expect(throws: RunnerRefusal.self) { try state.begin(continuation()) }
        #expect(state.isBusy)
    }

    @Test func `an end loses every open invocation once, for the first reason`() throws {
        var state = RunnerState(now: start, limits: .example)
        state.becomeReady(now: start)
        _ = try state.begin(continuation())
        let ended = try state.begin(continuation())
        let wasKnown = state.end(ended, now: start + .seconds(1))
        #expect(wasKnown)
        let lost = state.close(reason, now: start + .seconds(2))
        #expect(lost.count == 1)
        let again = state.close(FlareError(.internalError, "later"), now: start + .seconds(3))
        #expect(again.isEmpty)
        #expect(state.refusal?.message == "gone")
        #expect(state.endedAt == start + .seconds(2))
    }

    @Test func `calls of one invocation are bounded, and forgotten with it`() throws {
        var state = RunnerState(now: start, limits: .example)
        state.becomeReady(now: start)
        let id = try state.begin(continuation())
        let taken = (0...Limits.runnerCallsMax).count { _ in state.beginCall(of: id) }
        #expect(taken == Limits.runnerCallsMax)
        state.endCall(of: id)
        let isTakenAgain = state.beginCall(of: id)
        #expect(isTakenAgain)
        state.end(id, now: start)
        let isTakenLate = state.beginCall(of: id)
        #expect(!isTakenLate)
    }

    @Test func `an expected invocation counts as load until it has begun or was refused`() throws {
        var state = RunnerState(now: start, limits: .example)
        state.becomeReady(now: start)
        state.expect()
        state.expect()
        #expect(state.load == 2)
        let id = try state.begin(continuation())
        #expect(state.load == 2)
        state.end(id, now: start)
        #expect(state.load == 1)
        state.drain()
        #expect(throws: RunnerRefusal.self) { try state.begin(continuation()) }
        #expect(state.load == 0)
    }

    @Test(arguments: [
        "FATAL ERROR: Scavenger: semi-space copy Allocation failed - JavaScript heap out of memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ])
    func `that memory ran out is remembered, however many lines of a stack follow`(line: String) throws {
        var state = RunnerState(now: start, limits: .example)
        state.stray("a line of user code")
        #expect(!state.isOutOfMemory)
        state.stray(line)
        for frame in 1...40 { state.stray("\(frame): 0xd32ce1 [/usr/bin/node]") }
        #expect(state.isOutOfMemory)
        #expect(state.strayLines.count == 20)
    }

    @Test func `a flood of console lines is cut, and what was left out is counted`() throws {
        var state = RunnerState(now: start, limits: .example)
        let admitted = (0..<Limits.consoleLinesBurst).count { _ in state.admitLine(at: start) == 0 }
        #expect(admitted == Limits.consoleLinesBurst)
        let refused = (0..<5).count { _ in state.admitLine(at: start) == nil }
        #expect(refused == 5)
        let later = state.admitLine(at: start + .seconds(1))
        #expect(later == 5)
        let next = state.admitLine(at: start + .seconds(1))
        #expect(next == 0)
    }

    private func continuation() -> AsyncStream<RunnerEvent>.Continuation {
        AsyncStream<RunnerEvent>.makeStream().continuation
    }
}

extension RunnerLimits {
    /// 30 seconds of processor time, 60 of silence, 1 GB.
    static var example: RunnerLimits {
        RunnerLimits(DeployedConfiguration(worker: "demo", version: "1"), settings: WorkerSettings(environment: [:]))
    }
}

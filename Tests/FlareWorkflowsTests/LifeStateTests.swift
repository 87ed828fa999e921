import FlareModel
import FlareWorkers
import Testing

@testable import FlareWorkflows

@Suite("Rules of one life of a run")
struct LifeStateTests {
    private let start = Timestamp(milliseconds: 1_000_000)
    private let sleep = StepKey(kind: .sleep, name: "nap", occurrence: 1)
    private let work = StepKey(kind: .do, name: "work", occurrence: 1)
    private let settle = Duration.milliseconds(Limits.workflowSettleMilliseconds)

    @Test("a life that only waits, for long, is put aside once it has been quiet")
    func suspends() {
        var life = LifeState(at: start)
        let due = start + .seconds(60)
        let call = life.call(at: start)
        life.hold(call, sleep, until: due)
        #expect(life.next(at: start) == .check(at: start + settle))
        #expect(life.next(at: start + settle) == .suspend(until: due, waits: [sleep]))
        let mayAnswer = life.resume(call, at: due)
        #expect(!mayAnswer, "a call of a closed life must not be answered")
    }

    @Test("a short wait is sat out")
    func shortWait() {
        var life = LifeState(at: start)
        life.hold(life.call(at: start), sleep, until: start + .seconds(2))
        #expect(life.next(at: start + settle) == .check(at: nil))
    }

    @Test("a life with a running attempt is not put aside")
    func running() {
        var life = LifeState(at: start)
        life.hold(life.call(at: start), sleep, until: start + .seconds(60))
        life.began(work, timeout: .seconds(10), at: start)
        let hung = start + .seconds(10) + .milliseconds(Limits.workflowTimeoutGraceMilliseconds)
        #expect(life.next(at: start + settle) == .check(at: hung))
        life.ended(work)
        guard case .suspend = life.next(at: start + settle) else {
            Issue.record("the life should be put aside")
            return
        }
    }

    @Test("a life whose call is being worked on is not put aside")
    func active() {
        var life = LifeState(at: start)
        life.hold(life.call(at: start), sleep, until: start + .seconds(60))
        let other = life.call(at: start)
        #expect(life.next(at: start + settle) == .check(at: nil))
        life.answered(other, at: start + settle)
        #expect(life.next(at: start + settle) == .check(at: start + settle + settle))
    }

    @Test("a process that does not report a time-out hangs")
    func hung() {
        var life = LifeState(at: start)
        life.began(work, timeout: .seconds(10), at: start)
        let hung = start + .seconds(10) + .milliseconds(Limits.workflowTimeoutGraceMilliseconds)
        #expect(life.next(at: start + .seconds(10)) == .check(at: hung))
        #expect(life.next(at: hung) == .hung(work))
    }

    @Test("a pause begins when no attempt runs and no call is worked on, and then nothing is answered any more")
    func pauses() {
        var life = LifeState(at: start)
        let call = life.call(at: start)
        life.began(work, timeout: .seconds(60), at: start)
        life.setPausing(true, at: start)
        #expect(life.next(at: start) != .pause)
        life.hold(call, sleep, until: start + .seconds(2))
        #expect(life.next(at: start) != .pause)
        life.ended(work)
        var calledOff = life
        calledOff.setPausing(false, at: start)
        #expect(calledOff.next(at: start) != .pause)
        #expect(calledOff.resume(call, at: start) == true)
        #expect(life.next(at: start) == .pause)
        #expect(life.resume(call, at: start) == false)
    }
}

import FlareModel
import Testing

@testable import FlareWorkflows

@Suite("Rules of a run")
struct RunStateTests {
    private let now = Timestamp(milliseconds: 1_000_000)

    @Test("a run whose process dies is started again later and later, and at last given up")
    func losses() {
        var run = RunState()
        var delays: [Int64] = []
        for _ in 1..<Limits.workflowLossesMax {
            #expect(run.event(.claimed, at: now) == .start)
            guard case .wake(let wake) = run.event(.lost, at: now) else { break }
            delays.append((wake - now).milliseconds)
            #expect(run.status == .queued)
        }
        #expect(delays == [250, 500, 1_000, 2_000, 4_000])
        #expect(run.event(.claimed, at: now) == .start)
        #expect(run.event(.lost, at: now) == .giveUp)
        #expect(run.status == .errored)
    }

    @Test("an end of the engine is not a loss")
    func interruptions() {
        var run = RunState()
        for _ in 1...100 {
            #expect(run.event(.claimed, at: now) == .start)
            #expect(run.event(.interrupted, at: now) == .wake(at: now))
        }
        #expect(run.losses == 0)
    }

    @Test("nothing changes a run that has ended", arguments: [InstanceStatus.complete, .errored, .terminated])
    func final(status: InstanceStatus) {
        let events: [RunState.Event] = [
            .claimed, .suspended(until: now), .awakened, .interrupted, .lost, .returned, .threw, .terminated,
        ]
        for event in events {
            var run = RunState(status: status)
            #expect(run.event(event, at: now) == .ignore)
            #expect(run.status == status)
        }
    }

    @Test("a run can be terminated wherever it stands", arguments: [InstanceStatus.queued, .running, .waiting])
    func terminate(status: InstanceStatus) {
        var run = RunState(status: status)
        #expect(run.event(.terminated, at: now) == .end)
        #expect(run.status == .terminated)
    }

    @Test("an event wakes a run that is put aside and no other")
    func awakened() {
        var waiting = RunState(status: .waiting)
        #expect(waiting.event(.awakened, at: now) == .wake(at: now))
        var running = RunState(status: .running)
        #expect(running.event(.awakened, at: now) == .ignore)
    }

    @Test("a run pauses at once without code, and once its steps have ended with it")
    func pauses() {
        for status in [InstanceStatus.queued, .waiting] {
            var run = RunState(status: status)
            #expect(run.event(.pauseAsked, at: now) == .pause)
            #expect(run.event(.resumeAsked, at: now) == .unpause)
            #expect(run.status == .queued)
        }
        for end in [RunState.Event.drained, .suspended(until: now), .interrupted, .lost] {
            var run = RunState(status: .running)
            #expect(run.event(.pauseAsked, at: now) == .change)
            #expect(run.event(end, at: now) == .pause)
            #expect(run.status == .paused)
        }
        var calledOff = RunState(status: .waitingForPause)
        #expect(calledOff.event(.resumeAsked, at: now) == .change)
        #expect(calledOff.event(.drained, at: now) == .wake(at: now))
        #expect(calledOff.status == .queued)
        var finished = RunState(status: .waitingForPause)
        #expect(finished.event(.returned, at: now) == .end)
        #expect(finished.status == .complete)
    }

    @Test(
        "a run that rolls back stays so until it ends with the status that was decided",
        arguments: [
            InstanceStatus.errored, .terminated,
        ]
    )
    func rollsBack(closing: InstanceStatus) {
        var run = RunState(status: .running, losses: 3)
        #expect(run.event(.undone(closing: closing), at: now) == .wake(at: now))
        #expect(run.losses == 0)
        for event in [RunState.Event.pauseAsked, .resumeAsked, .awakened, .undone(closing: .terminated)] {
            #expect(run.event(event, at: now) == .ignore)
        }
        #expect(run.event(.claimed, at: now) == .start)
        #expect(run.event(.interrupted, at: now) == .wake(at: now))
        #expect(run.event(.suspended(until: now + .seconds(9)), at: now) == .wake(at: now + .seconds(9)))
        #expect(run.status == .rollingBack)
        for _ in 1..<Limits.workflowLossesMax { _ = run.event(.lost, at: now) }
        var lost = run
        #expect(lost.event(.lost, at: now) == .giveUp)
        #expect(lost.status == closing)
        #expect(run.event(.threw, at: now) == .end)
        #expect(run.status == closing)
    }
}

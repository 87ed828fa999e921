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
}

import FlareModel
import FlareStore
import Testing

@testable import FlareWorkflows

@Suite("The places of runs", .timeLimit(.minutes(1)))
struct LivesTests {
    private static let most = Limits.workflowInvocationsMax

    @Test("a place that becomes free while the loop looks for runs is not forgotten", arguments: [1, 16])
    func freedMeanwhile(count: Int) async throws {
        let time = ManualTime()
        let deadlines = Deadlines(time: time)
        let lives = Lives(deadlines: deadlines, time: time)
        lives.takePlaces(Self.most - 1, of: Self.most)
        _ = lives.work()
        let free = lives.freePlaces
        for _ in 0..<count { lives.freePlace() }
        // More runs are due than the loop had places for.
        lives.takePlaces(free, of: free)
        #expect(lives.freePlaces == count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await deadlines.run() }
            // Many places are given at once, few after a little while.
            let soon = time.now() + .milliseconds(Limits.workflowClaimMilliseconds)
            while count < Limits.workflowClaimMin, !time.isAwaited(soon) {
                try Task.checkCancellation()
                await Task.yield()
            }
            time.advance(by: .milliseconds(Limits.workflowClaimMilliseconds))
            await lives.wait()
            #expect(lives.work().mustLook)
            group.cancelAll()
        }
    }
}

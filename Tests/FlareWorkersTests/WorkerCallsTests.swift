import FlareModel
import FlareStore
import Testing

@testable import FlareWorkers

struct WorkerCallsTests {
    @Test func `one Worker's open calls are bounded, and another one's are not touched`() async throws {
        let calls = WorkerCalls()
        let forever: @Sendable () async -> Void = {
            let time = SystemTime()
            await time.sleep(until: time.now() + .seconds(3_600))
        }
        for _ in 0..<Limits.workerCallsMax { try calls.begin("busy", forever) }
        let error = #expect(throws: FlareError.self) { try calls.begin("busy", forever) }
        #expect(error?.code == .tooManyRequests)
        try calls.begin("idle") {}
        await calls.stop()
        let stopped = #expect(throws: FlareError.self) { try calls.begin("idle") {} }
        #expect(stopped?.code == .engineUnavailable)
    }

    @Test func `a call that has ended makes room`() async throws {
        let calls = WorkerCalls()
        let ends = Recorder<Int>()
        for index in 0..<Limits.workerCallsMax { try calls.begin("busy") { ends.append(index) } }
        #expect(
            await eventually {
                guard (try? calls.begin("busy") {}) != nil else { return false }
                return true
            }
        )
        await calls.stop()
    }
}

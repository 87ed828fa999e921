import FlareModel
import Testing

@testable import FlareStore

@Suite("threads for blocking calls", .timeLimit(.minutes(5)))
struct BlockingThreadsTests {
    @Test("stopping waits for what was begun, and refuses what comes later")
    func stop() async {
        let threads = BlockingThreads(count: 2)
        let gate = Monitor(false)
        let ran = Monitor(0)
        for _ in 0..<10 {
            let refusal = threads.begin(job: {
                gate.wait { $0 ? () : nil }
                ran.withLock { $0 += 1 }
            })
            #expect(refusal == nil)
        }
        let atEnd = Monitor<Int?>(nil)
        SystemThread {
            threads.stop()
            let count = ran.withLock { $0 }
            atEnd.withLock { $0 = count }
            atEnd.notifyAll()
        }.detach()
        gate.withLock { $0 = true }
        gate.notifyAll()
        #expect(atEnd.wait { $0 } == 10)

        let late: @Sendable () -> Void = { ran.withLock { $0 += 1 } }
        #expect(threads.begin(job: late)?.code == .engineUnavailable)
        let error = await #expect(throws: FlareError.self) { try await threads.run(late) }
        #expect(error?.code == .engineUnavailable)
        let call: PendingCall = threads.begin(late)
        let refusal = await #expect(throws: FlareError.self) { try await call.wait() }
        #expect(refusal?.code == .engineUnavailable)
        #expect(ran.withLock { $0 } == 10)
        // The threads have ended already.
        threads.stop()
    }
}

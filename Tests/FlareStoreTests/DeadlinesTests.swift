import FlareModel
import FlareStore
import Synchronization
import Testing

@Suite("Deadlines")
struct DeadlinesTests {
    private final class Served: Sendable {
        let names = Mutex<[Int]>([])
        let changed = Wake()

        func add(_ name: Int) {
            names.withLock { $0.append(name) }
            changed.notify()
        }

        func wait(for count: Int) async -> [Int] {
            while names.withLock({ $0.count }) < count { await changed.wait() }
            return names.withLock { $0 }
        }
    }

    /// Runs a body beside the loop that serves deadlines.
    private func serving(_ deadlines: Deadlines, _ body: () async throws -> Void) async rethrows {
        let loop = Task { await deadlines.run() }
        defer { loop.cancel() }
        try await body()
    }

    @Test func `deadlines are served in the order of their times, whatever the order in which they were set`() async {
        let time = ManualTime()
        let deadlines = Deadlines(time: time)
        let served = Served()
        let start = time.now()
        let order = (0..<200).shuffled()
        for second in order { deadlines.set(at: start + .seconds(second)) { served.add(second) } }
        await serving(deadlines) {
            time.advance(by: .seconds(49))
            #expect(await served.wait(for: 50) == Array(0..<50))
            time.advance(by: .seconds(1_000))
            #expect(await served.wait(for: 200) == Array(0..<200))
        }
    }

    @Test func `an earlier deadline than the one that is slept for is served in time, and a past one at once`() async {
        let time = ManualTime()
        let deadlines = Deadlines(time: time)
        let served = Served()
        await serving(deadlines) {
            deadlines.set(at: time.now() + .seconds(60)) { served.add(60) }
            deadlines.set(at: time.now() + .seconds(-1)) { served.add(0) }
            #expect(await served.wait(for: 1) == [0])
            deadlines.set(at: time.now() + .seconds(10)) { served.add(10) }
            time.advance(by: .seconds(10))
            #expect(await served.wait(for: 2) == [0, 10])
        }
    }

    @Test func `dropped deadlines are not served, also when they are many`() async {
        let time = ManualTime()
        let deadlines = Deadlines(time: time)
        let served = Served()
        let tokens = (0..<5_000).map { number in
            deadlines.set(at: time.now() + .seconds(1)) { served.add(number) }
        }
        for (number, token) in tokens.enumerated() where number != 4_321 { deadlines.drop(token) }
        await serving(deadlines) {
            deadlines.set(at: time.now() + .seconds(2)) { served.add(-1) }
            time.advance(by: .seconds(2))
            #expect(await served.wait(for: 2) == [4_321, -1])
        }
    }
}

import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

/// What running code is told while the disk is full, and when there is room again.
@Suite("A full disk", .timeLimit(.minutes(5)))
struct FullDiskTests {
    @Test("a step ends well whose begin could not be written with the end of another one")
    func beginIsKept() async throws {
        let harness = try Harness()
        let (bigBegan, workBegan) = (Wake(), Wake())
        let (bigEnds, workEnds) = (Wake(), Wake())
        let large = "\"" + String(repeating: "x", count: 500_000) + "\""
        let service = harness.service { step in
            async let big = step.run("big") { _ in
                bigBegan.notify()
                await bigEnds.wait()
                return large
            }
            async let work = step.run("work") { _ in
                workBegan.notify()
                await workEnds.wait()
                return "\"worked\""
            }
            let worked = try await work
            _ = try await big
            return worked
        }
        try await harness.run(service) { service in
            await bigBegan.wait()
            await workBegan.wait()
            try await Self.limit(harness, pages: 1)
            bigEnds.notify()
            // The clock stands still: whatever failed is not tried again by itself.
            try await Self.untilRefused(harness)
            try await Self.limit(harness, pages: 1_000_000)
            workEnds.notify()
            let ended = try await harness.until(service) { $0.steps.contains { $0.name == "work-1" && $0.end != nil } }
            #expect(ended.steps.first { $0.name == "work-1" }?.output == .string("worked"))
            let end = try await harness.until(service, advance: .milliseconds(500)) { $0.status.isFinal }
            #expect(end.output == .string("worked"))
            #expect(end.steps.map { $0.attempts?.count } == [1, 1])
        }
    }

    /// Lets the database grow to so many pages, or not at all when it has more.
    private static func limit(_ harness: Harness, pages: Int) async throws {
        try await harness.database.write { try $0.execute("PRAGMA max_page_count = \(pages)") }
    }

    /// Waits until a write of a step has met the full disk, which it has told the log.
    private static func untilRefused(_ harness: Harness) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while harness.complaints.count == 0 {
            try #require(ContinuousClock.now < limit)
            await Task.yield()
        }
    }
}

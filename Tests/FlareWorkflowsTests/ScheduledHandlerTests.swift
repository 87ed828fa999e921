import FlareModel
import FlareStore
import FlareTestSupport
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

@Suite("Calls of scheduled handlers", .timeLimit(.minutes(5)))
struct ScheduledHandlerTests {
    private static let worker = ScheduleTarget.worker("worker")

    private static func ended(_ fixture: ScheduleFixture, _ status: String) async throws -> ScheduledRunBody {
        try await eventually("the run is \(status)") { try await fixture.runs().first { $0.status == status } }
    }

    @Test("the handler is called at its time, with the expression as it was written")
    func calls() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("5 10 * * wed", of: Self.worker)
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            let run = try await Self.ended(fixture, "succeeded")
            #expect(run.attempts == 1)
            #expect(run.origin == "schedule")
            #expect(run.error == nil)
        }
        #expect(fixture.calls.all.withLock { $0.map(\.cron) } == ["5 10 * * wed"])
        #expect(fixture.calls.times == [try #require(Timestamp("2026-01-14T10:05:00Z"))])
        let trigger = try #require(try await fixture.service.workerSchedules().first)
        #expect(trigger.last?.status == "succeeded")
        #expect(trigger.next == Timestamp("2026-01-21T10:05:00Z"))
    }

    @Test("a handler that throws is called again after 15 s, 1 min and 4 min, and then given up")
    func retries() async throws {
        let fixture = try await ScheduleFixture.make { _, call in ScheduleFixture.threw("no luck \(call)") }
        _ = try await fixture.service.addSchedule("5 10 * * *", of: Self.worker)
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            for (attempt, delay) in [Int64(15), 60, 240].enumerated() {
                let now = fixture.harness.time.now()
                let run = try await eventually("attempt \(attempt + 1) has failed") {
                    try await fixture.runs().first { $0.attempts == attempt + 1 && $0.status == "queued" }
                }
                #expect(run.retriesAt == now + .seconds(delay))
                #expect(run.error?.message == "no luck \(attempt + 1)")
                fixture.harness.time.advance(by: .milliseconds(delay * 1000 - 1))
                #expect(fixture.calls.count == attempt + 1)
                fixture.harness.time.advance(by: .milliseconds(1))
            }
            let run = try await Self.ended(fixture, "failed")
            #expect(run.attempts == 4)
            #expect(run.error?.message == "no luck 4")
        }
        #expect(fixture.calls.count == 4)
        #expect(Set(fixture.calls.times).count == 1)
    }

    @Test("a handler that recovers has succeeded")
    func recovers() async throws {
        let fixture = try await ScheduleFixture.make { _, call in
            call < 2 ? ScheduleFixture.threw("not yet") : ScheduleFixture.returned
        }
        _ = try await fixture.service.addSchedule("5 10 * * *", of: Self.worker)
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            _ = try await Self.ended(fixture, "queued")
            try await waitUntil("the first attempt has failed") { try await fixture.runs().first?.retriesAt != nil }
            fixture.harness.time.advance(by: .seconds(15))
            let run = try await Self.ended(fixture, "succeeded")
            #expect(run.attempts == 2)
            #expect(run.error == nil)
        }
    }

    @Test("noRetry() ends it after one call, also when the process is lost it is called again")
    func noRetry() async throws {
        let fixture = try await ScheduleFixture.make { _, call in
            if call == 1 { throw FlareError(.engineUnavailable, "the process died") }
            return ScheduleFixture.threw("never again", noRetry: true)
        }
        _ = try await fixture.service.addSchedule("5 10 * * *", of: Self.worker)
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            try await waitUntil("the first attempt is lost") { try await fixture.runs().first?.retriesAt != nil }
            fixture.harness.time.advance(by: .seconds(15))
            let run = try await Self.ended(fixture, "failed")
            #expect(run.attempts == 2)
            #expect(run.error?.message == "never again")
        }
        #expect(fixture.calls.count == 2)
    }

    @Test("a call that the end of the engine cuts off is made again by the next start, and does not use up a retry")
    func cutOff() async throws {
        let fixture = try await ScheduleFixture.make { _, _ in
            // Until the engine stops.
            await Wake().wait()
            try Task.checkCancellation()
            return ScheduleFixture.returned
        }
        _ = try await fixture.service.addSchedule("5 10 * * *", of: Self.worker)
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            try await waitUntil("the handler runs") { fixture.calls.count == 1 }
        }
        #expect(try await fixture.runs().map(\.status) == ["running"])
        fixture.harness.time.advance(by: .seconds(7200))
        let second = fixture.reopened()
        try await second.loop {
            let run = try await Self.ended(second, "succeeded")
            #expect(run.attempts == 1)
            #expect(run.scheduledTime == Timestamp("2026-01-14T10:05:00Z"))
        }
        #expect(second.calls.count == 1)
    }

    @Test("a backfill calls the handler for missed times, each once, and clears them")
    func backfill() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/20 * * * *", of: Self.worker)
        try fixture.set("2026-01-14T12:02:00Z")
        try await fixture.loop {
            try await fixture.settle()
            let missed = try #require(try await fixture.service.workerSchedules().first?.missed)
            #expect(missed.count == 6)
            let request = BackfillRequest(from: missed.from, to: nil, cron: nil, dryRun: false, limit: 100)
            for outcome in ["created", "exists"] {
                let body = try await fixture.service.backfill(Self.worker, request)
                #expect(body.entries.map(\.outcome) == Array(repeating: outcome, count: 6))
            }
            try await waitUntil("all are called") {
                try await fixture.runs().count { $0.status == "succeeded" } == 6
            }
        }
        #expect(Set(fixture.calls.times).count == 6)
        #expect(fixture.calls.count == 6)
        #expect(try await fixture.service.workerSchedules().first?.missed == nil)
    }

    @Test("called by hand it runs once, now, and its failure is the answer")
    func byHand() async throws {
        let fixture = try await ScheduleFixture.make { time, _ in
            time == 0 ? ScheduleFixture.threw("too early") : ScheduleFixture.returned
        }
        await #expect(throws: FlareError.self) {
            _ = try await fixture.service.callScheduled("worker", ScheduledCallRequest())
        }
        _ = try await fixture.service.addSchedule("0 0 1 1 *", of: Self.worker)
        try await fixture.loop {
            let run = try await fixture.service.callScheduled("worker", ScheduledCallRequest())
            #expect(run.status == "succeeded")
            #expect(run.cron == "0 0 1 1 *")
            #expect(run.scheduledTime == fixture.harness.time.now())
            let epoch = ScheduledCallRequest(cron: "* * * * *", scheduledTime: Timestamp(milliseconds: 0))
            for _ in 0..<2 {
                let failed = try await fixture.service.callScheduled("worker", epoch)
                #expect(failed.status == "failed")
                #expect(failed.error?.message == "too early")
                #expect(failed.origin == "command")
            }
        }
        #expect(fixture.calls.count == 3)
        #expect(try await fixture.service.workerSchedules().first?.last == nil)
        #expect(try await fixture.runs().count == 3)
    }

    @Test("many handlers run at once, but only so many")
    func bounded() async throws {
        let running = Mutex((now: 0, most: 0))
        let gate = Mutex(false)
        let fixture = try await ScheduleFixture.make { _, _ in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try await waitUntil("the gate opens") { gate.withLock { $0 } }
            running.withLock { $0.now -= 1 }
            return ScheduleFixture.returned
        }
        _ = try await fixture.service.addSchedule("* * * * *", of: Self.worker, catchUp: .all)
        try fixture.set("2026-01-14T10:22:00Z")
        try await fixture.loop {
            try await waitUntil("all places are taken") {
                running.withLock { $0.now } == Limits.scheduledInvocationsMax
            }
            gate.withLock { $0 = true }
            try await waitUntil("all have run") {
                try await fixture.runs().count { $0.status == "succeeded" } == 20
            }
        }
        #expect(running.withLock { $0.most } == Limits.scheduledInvocationsMax)
    }
}

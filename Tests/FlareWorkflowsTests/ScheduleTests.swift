import FlareModel
import FlareStore
import FlareTestSupport
import FlareWorkers
import Synchronization
import Testing

@testable import FlareWorkflows

@Suite("Schedules of workflows", .timeLimit(.minutes(5)))
struct ScheduleTests {
    @Test("at its time a schedule begins one instance that knows why, and goes on to the next time")
    func fires() async throws {
        let fixture = try await ScheduleFixture.make()
        let added = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        #expect(added.next == Timestamp("2026-01-14T10:05:00Z"))
        try await fixture.loop {
            try fixture.set("2026-01-14T10:04:59.999Z")
            #expect(try await fixture.instances().isEmpty)
            try fixture.set("2026-01-14T10:05:00Z")
            try await fixture.settle()
            try fixture.set("2026-01-14T10:10:00Z")
            try await fixture.settle()
        }
        let ids = try await fixture.instances()
        #expect(ids.count == 2)
        let detail = try await fixture.service.detail(try #require(ids.first), of: "flow")
        #expect(detail.trigger.source == "cron")
        #expect(detail.schedule?["cron"]?.stringValue == "*/5 * * * *")
        #expect(detail.schedule?["scheduledTime"]?.integerValue == 1_768_385_100_000)
        let trigger = try await fixture.trigger()
        #expect(trigger.next == Timestamp("2026-01-14T10:15:00Z"))
        #expect(trigger.last?.scheduledTime == Timestamp("2026-01-14T10:10:00Z"))
        #expect(trigger.last?.status == "queued")
        #expect(trigger.last?.instance == ids.last)
        #expect(trigger.missed == nil)
        #expect(try await fixture.service.get("flow").schedules?.first?.nextInstance == trigger.next)
    }

    @Test("the code of the instance finds the schedule in its event")
    func event() async throws {
        let harness = try Harness(start: #require(Timestamp("2026-01-14T10:05:00Z")))
        let seen = Mutex<[JSONValue?]>([])
        let service = harness.service { step in
            seen.withLock { $0.append(step.invocation.header["workflow"]?["schedule"]) }
            return "1"
        }
        try await harness.define(service)
        let begun = try await service.backfill(
            .workflow("flow"),
            BackfillRequest(
                from: harness.time.now() + .seconds(-60),
                to: nil,
                cron: "4 * * * *",
                dryRun: false,
                limit: 10
            )
        )
        let id = try #require(begun.entries.first?.instance)
        _ = try await service.create(NewInstance(id: "by-hand", trigger: .api), of: "flow")
        try await harness.loop(service) { service in
            for id in [id, "by-hand"] { try await harness.until(service, id) { $0.status.isFinal } }
        }
        #expect(seen.withLock { $0.count { $0 != nil } } == 1)
        let schedule = seen.withLock { $0.compactMap(\.self).first }
        #expect(schedule?["cron"]?.stringValue == "4 * * * *")
        #expect(schedule?["scheduledTime"]?.integerValue == 1_768_385_040_000)
    }

    @Test("a clock that goes back an hour doubles nothing, and times that had not come yet are run")
    func backAnHour() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        try await fixture.loop {
            for minute in 5...20 where minute % 5 == 0 {
                try fixture.set("2026-01-14T10:\(minute < 10 ? "0" : "")\(minute):00Z")
                try await fixture.settle()
            }
        }
        #expect(try await fixture.instances().count == 4)
        try fixture.set("2026-01-14T09:20:00Z")
        try await fixture.loop {
            // 9:25 to 10:00 were before the trigger was added, and come for the first time.
            for next in 1...12 {
                let time = try #require(Timestamp("2026-01-14T09:20:00Z")) + .seconds(Int64(next) * 300)
                // 10:05 to 10:20 were run before.
                let waits = try #require(Timestamp("2026-01-14T10:25:00Z"))
                let expected = next <= 8 ? time : waits
                try await waitUntil("the schedule waits for \(expected.text)") {
                    try await fixture.trigger().next == expected
                }
                try fixture.set(time.text)
                try await fixture.settle()
            }
        }
        let ids = try await fixture.instances()
        #expect(Set(ids).count == ids.count)
        #expect(ids.count == 12)
        #expect(try await fixture.trigger().next == Timestamp("2026-01-14T10:25:00Z"))
        #expect(try await fixture.trigger().missed == nil)
    }

    @Test("a clock that goes forward a month runs nothing of it, tells what was missed, and a backfill clears that")
    func forwardAMonth() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("0 * * * *", of: .workflow("flow"))
        try await fixture.loop {
            try fixture.set("2026-02-14T10:02:00Z")
            try await fixture.settle()
        }
        #expect(try await fixture.instances().isEmpty)
        let missed = try #require(try await fixture.trigger().missed)
        #expect(missed.count == 31 * 24)
        #expect(missed.from == Timestamp("2026-01-14T11:00:00Z"))
        #expect(missed.to == Timestamp("2026-02-14T10:00:00Z"))

        let half = try #require(Timestamp("2026-01-30T00:00:00Z"))
        try await backfillAll(fixture, from: missed.from, to: half)
        let rest = try #require(try await fixture.trigger().missed)
        #expect(rest.from == half)
        #expect(rest.count == 15 * 24 + 11)
        try await backfillAll(fixture, from: half, to: nil)
        #expect(try await fixture.trigger().missed == nil)
        #expect(try await fixture.instances().count == 31 * 24)
    }

    @Test("a clock that was a month ahead for a while and is set back leaves no silent month behind")
    func aheadAndBack() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        try await fixture.loop {
            try fixture.set("2026-02-14T10:05:00Z")
            try await fixture.settle()
            #expect(try await fixture.instances().count == 1)
            try fixture.set("2026-01-14T10:03:00Z")
            // Nothing tells the loop; it looks within a quarter of an hour, or at once after a start.
        }
        try await fixture.loop {
            try await waitUntil("the schedule is aligned") {
                try await fixture.trigger().next == Timestamp("2026-01-14T10:05:00Z")
            }
            try fixture.set("2026-01-14T10:05:00Z")
            try await fixture.settle()
            try await waitUntil("it has run") { try await fixture.instances().count == 2 }
        }
        // The time that was run while the clock was ahead is not run when it comes.
        try fixture.set("2026-02-14T10:00:30Z")
        try await fixture.loop {
            try await fixture.settle()
            #expect(try await fixture.trigger().next == Timestamp("2026-02-14T10:10:00Z"))
        }
    }

    @Test(
        "missed times are run as the trigger says",
        arguments: [(ScheduleCatchUp.none, 0, 12), (.last, 1, 11), (.all, 12, 0)]
    )
    func catchingUp(_ catchUp: ScheduleCatchUp, _ runs: Int, _ missed: Int) async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"), catchUp: catchUp)
        try fixture.set("2026-01-14T11:02:00Z")
        let second = fixture.reopened()
        try await second.loop { try await second.settle() }
        #expect(try await second.instances().count == runs)
        #expect(try await second.trigger().missed?.count ?? 0 == missed)
        #expect(try await second.trigger().next == Timestamp("2026-01-14T11:05:00Z"))
        if runs > 0 {
            let last = try await second.trigger().last
            #expect(last?.origin == "catch-up")
            #expect(last?.scheduledTime == Timestamp("2026-01-14T11:00:00Z"))
        }
    }

    @Test("a failure in the transaction of a time leaves neither an instance nor a moved schedule")
    func together() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        try fixture.set("2026-01-14T10:05:00Z")
        // A row that cannot be read ends the transaction after the first schedule has run.
        try await fixture.harness.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO schedules (kind, target, cron_key, cron, source, catch_up, created_at, modified_at, next_at)
                VALUES ('workflow', 'flow', 'Z', 'Z', 'config', 'none', 0, 0, 9)
                """
            )
        }
        await #expect(throws: FlareError.self) { _ = try await fixture.service.runDueSchedules() }
        #expect(try await fixture.instances().isEmpty)
        try await fixture.harness.database.write { transaction in
            try transaction.execute("DELETE FROM schedules WHERE cron_key = 'Z'")
        }
        #expect(try await fixture.trigger().next == Timestamp("2026-01-14T10:05:00Z"))
        _ = try await fixture.service.runDueSchedules()
        _ = try await fixture.service.runDueSchedules()
        #expect(try await fixture.instances().count == 1)
    }

    // MARK: - Backfill

    private func backfill(
        _ fixture: ScheduleFixture,
        from: Timestamp,
        to: Timestamp?,
        cron: String? = nil,
        isDry: Bool = false,
        limit: Int = 1000
    ) async throws -> BackfillBody {
        let request = BackfillRequest(from: from, to: to, cron: cron, dryRun: isDry, limit: limit)
        return try await fixture.service.backfill(.workflow("flow"), request)
    }

    private func backfillAll(_ fixture: ScheduleFixture, from: Timestamp, to: Timestamp?) async throws {
        var next: Timestamp? = from
        while let start = next { next = try await backfill(fixture, from: start, to: to).next }
    }

    @Test("a backfill begins what is missing and nothing twice, and a dry run begins nothing")
    func backfills() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("0 * * * *", of: .workflow("flow"))
        _ = try await fixture.service.addSchedule("0 */2 * * *", of: .workflow("flow"))
        let from = try #require(Timestamp("2026-01-14T06:00:00Z"))
        let dry = try await backfill(fixture, from: from, to: nil, isDry: true)
        #expect(dry.entries.count == 8)
        #expect(dry.entries.allSatisfy { $0.outcome == "missing" })
        #expect(try await fixture.instances().isEmpty)

        let first = try await backfill(fixture, from: from, to: nil, limit: 3)
        #expect(first.entries.map(\.outcome) == ["created", "created", "created"])
        #expect(first.next == Timestamp("2026-01-14T08:00:00Z"))
        let all = try await backfill(fixture, from: from, to: nil)
        #expect(all.entries.map(\.instance) == dry.entries.map(\.instance))
        #expect(all.entries.count { $0.outcome == "exists" } == 3)
        #expect(all.next == nil)
        #expect(try await fixture.instances().count == 8)
        #expect(try await backfill(fixture, from: from, to: nil).entries.allSatisfy { $0.outcome == "exists" })
    }

    @Test("a page of a backfill never parts what has the same time, and always goes on")
    func backfillPages() async throws {
        let fixture = try await ScheduleFixture.make()
        for cron in ["0 * * * *", "0 */1 * * *", "*/60 * * * *", "0-59/30 * * * *"] {
            // A step of 60 is refused; the others share their full hours.
            _ = try? await fixture.service.addSchedule(cron, of: .workflow("flow"))
        }
        var from = try #require(Timestamp("2026-01-14T08:00:00Z"))
        var counts: [Int] = []
        while true {
            let page = try await backfill(fixture, from: from, to: nil, limit: 1)
            counts.append(page.entries.count)
            guard let next = page.next else { break }
            #expect(next > from)
            from = next
        }
        #expect(counts == [3, 1, 3, 1, 3])
        #expect(try await fixture.instances().count == 11)
    }

    @Test("a time that is backfilled before its schedule runs it is not run again")
    func backfilledFirst() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        try fixture.set("2026-01-14T10:05:30Z")
        let begun = try await backfill(fixture, from: #require(Timestamp("2026-01-14T10:01:00Z")), to: nil)
        #expect(begun.entries.map(\.outcome) == ["created"])
        try await fixture.loop { try await fixture.settle() }
        #expect(try await fixture.instances().count == 1)
    }

    @Test("a backfill tells what is wrong with what it is asked")
    func backfillMistakes() async throws {
        let fixture = try await ScheduleFixture.make()
        let now = fixture.harness.time.now()
        let early = now + .seconds(-3600)
        await #expect(throws: FlareError.self) { _ = try await self.backfill(fixture, from: early, to: nil) }
        for (from, to, cron) in [
            (now, early, "* * * * *"), (early, now + .seconds(60), "* * * * *"), (early, now, "*"),
        ] {
            await #expect(throws: FlareError.self) {
                _ = try await self.backfill(fixture, from: from, to: to, cron: cron)
            }
        }
        #expect(try await backfill(fixture, from: early, to: now, cron: "30 * * * *").entries.count == 1)
    }

    // MARK: - What is set

    @Test("a deploy sets its schedules, keeps where they are, and leaves those of commands alone")
    func deploys() async throws {
        let fixture = try await ScheduleFixture.make()
        let service = fixture.service
        func deploy(_ crons: [String], replacingAll: Bool = false) async throws -> [String] {
            try await fixture.harness.database.write {
                try service.setSchedules(crons, of: .workflow("flow"), replacingAll: replacingAll, in: $0)
            }
            return try await service.schedules(of: .workflow("flow")).compactMap(\.cron).sorted()
        }
        _ = try await service.addSchedule("1 * * * *", of: .workflow("flow"))
        #expect(try await deploy(["2 * * * *", "3 * * * *", "3  * * * *"]) == ["1 * * * *", "2 * * * *", "3 * * * *"])
        let created = fixture.harness.time.now()
        fixture.harness.time.advance(by: .seconds(86_400))
        #expect(try await deploy(["3 * * * *"]) == ["1 * * * *", "3 * * * *"])
        let kept = try #require(try await service.schedules(of: .workflow("flow")).first { $0.source == "config" })
        #expect(kept.createdOn == created)
        #expect(kept.next == Timestamp("2026-01-14T10:03:00Z"), "a time that has not been run is not forgotten")
        #expect(try await deploy([]) == ["1 * * * *"])
        #expect(try await deploy(["4 * * * *"], replacingAll: true) == ["4 * * * *"])
        await #expect(throws: FlareError.self) { _ = try await deploy(["61 * * * *"]) }
        await #expect(throws: FlareError.self) {
            _ = try await deploy((0..<60).flatMap { ["\($0) 1 * * *", "\($0) 2 * * *"] })
        }
    }

    @Test("a schedule that exists, and one that does not, are told")
    func conflicts() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("0 0 * * MON", of: .workflow("flow"))
        await #expect(throws: FlareError.self) {
            _ = try await fixture.service.addSchedule("0 0 * * mon", of: .workflow("flow"))
        }
        await #expect(throws: FlareError.self) {
            _ = try await fixture.service.addSchedule("* * * * *", of: .workflow("flo"))
        }
        do {
            _ = try await fixture.service.removeSchedule("1 1 * * *", of: .workflow("flow"))
            Issue.record("it was removed")
        } catch let error as FlareError {
            #expect(error.code == .ruleNotFound)
            #expect(error.hint?.contains("0 0 * * MON") == true)
        }
        try await fixture.service.removeSchedule("0 0 * * MON", of: .workflow("flow"))
        #expect(try await fixture.service.schedules(of: .workflow("flow")).isEmpty)
    }

    @Test("deleting a workflow deletes its schedules")
    func deletes() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("*/5 * * * *", of: .workflow("flow"))
        try await fixture.service.delete("flow")
        try await fixture.loop {
            try fixture.set("2026-01-14T10:05:00Z")
            try await fixture.settle()
        }
        #expect(try await fixture.service.workflowSchedules().isEmpty)
    }

    @Test("only so many runs are remembered, and what is forgotten is not run again when the clock goes back")
    func forgets() async throws {
        let fixture = try await ScheduleFixture.make()
        _ = try await fixture.service.addSchedule("* * * * *", of: .workflow("flow"), catchUp: .all)
        var time = try #require(Timestamp("2026-01-14T10:02:00Z"))
        for _ in 0..<2 {
            time = time + .seconds(60 * 600)
            try fixture.set(time.text)
            try await fixture.loop { try await fixture.settle() }
        }
        #expect(try await fixture.instances().count == 1200)
        let runs = try await fixture.service.scheduledRuns(of: .workflow("flow"), limit: 10_000)
        #expect(runs.count == Limits.scheduleRunsKept)
        try fixture.set("2026-01-14T10:02:00Z")
        try await fixture.loop { try await fixture.settle() }
        #expect(try await fixture.trigger().next == time + .seconds(60))
        #expect(try await fixture.instances().count == 1200)
    }
}

import FlareModel
import Testing

@testable import FlareWorkflows

@Suite("What becomes of scheduled times that have come or gone by")
struct ScheduleRuleTests {
    private static func time(_ text: String) throws -> Timestamp { try #require(Timestamp("2026-01-" + text + "Z")) }

    private static func plan(_ catchUp: ScheduleCatchUp, _ next: String, _ now: String) throws -> ScheduleRule.Plan {
        let cron = try CronExpression("*/5 * * * *")
        return try ScheduleRule(cron: cron, catchUp: catchUp).plan(from: time(next), at: time(now))
    }

    @Test("on time, one time is run", arguments: ScheduleCatchUp.allCases)
    func onTime(_ catchUp: ScheduleCatchUp) throws {
        let plan = try Self.plan(catchUp, "01T10:05:00", "01T10:05:00.003")
        #expect(try plan == .init(times: [Self.time("01T10:05:00")], missed: nil, next: Self.time("01T10:10:00")))
    }

    @Test("up to a minute late counts as on time, later is missed")
    func late() throws {
        let timely = try Self.plan(.none, "01T10:05:00", "01T10:06:00")
        #expect(try timely.times == [Self.time("01T10:05:00")])
        let late = try Self.plan(.none, "01T10:05:00", "01T10:06:00.001")
        #expect(late.times.isEmpty)
        let missed = try MissedTimesBody(count: 1, from: Self.time("01T10:05:00"), to: Self.time("01T10:05:00"))
        #expect(late.missed == missed)
        #expect(try late.next == Self.time("01T10:10:00"))
    }

    @Test("after a gap the newest is run when it is fresh, and the others are missed")
    func gap() throws {
        let plan = try Self.plan(.none, "01T10:05:00", "01T10:20:10")
        #expect(try plan.times == [Self.time("01T10:20:00")])
        let missed = try MissedTimesBody(count: 3, from: Self.time("01T10:05:00"), to: Self.time("01T10:15:00"))
        #expect(plan.missed == missed)
    }

    @Test("catching up the last runs the newest however old it is")
    func last() throws {
        let plan = try Self.plan(.last, "01T10:05:00", "01T10:24:59")
        #expect(try plan.times == [Self.time("01T10:20:00")])
        #expect(plan.missed?.count == 3)
        #expect(try plan.next == Self.time("01T10:25:00"))
    }

    @Test("catching up all goes in order and in pieces, and goes on until none is left")
    func all() throws {
        let cron = try CronExpression("*/5 * * * *")
        let now = try Self.time("02T10:00:00")
        var next = try Self.time("01T10:00:00")
        var times: [Timestamp] = []
        while next <= now {
            let plan = ScheduleRule(cron: cron, catchUp: .all).plan(from: next, at: now)
            #expect(plan.missed == nil)
            #expect(plan.times.count <= Limits.scheduleTimesAtOnce)
            times += plan.times
            next = plan.next
        }
        #expect(times.count == 289)
        #expect(times == times.sorted() && Set(times).count == times.count)
    }

    @Test("catching up all is bounded: the oldest stay missed")
    func bounded() throws {
        let plan = try Self.plan(.all, "01T00:00:00", "31T00:00:00")
        #expect(plan.missed?.count == 30 * 288 + 1 - Limits.scheduleCatchUpMax)
        #expect(try plan.missed?.from == Self.time("01T00:00:00"))
        let first = try #require(plan.times.first)
        #expect(try first == Self.time("31T00:00:00") + .seconds(-300 * (Int64(Limits.scheduleCatchUpMax) - 1)))
        #expect(plan.missed?.to == first + .seconds(-300))
    }

    @Test("an instance's id follows from expression and time, and is a valid id")
    func ids() throws {
        let time = try Self.time("01T10:05:00")
        let id = try CronExpression("*/5 * * * MON-FRI").instanceID(at: time)
        #expect(id.hasPrefix("cron-20260101T1005Z-"))
        #expect(NameRule.instance.holds(id))
        #expect(try CronExpression("*/5  * * * mon-fri").instanceID(at: time) == id)
        #expect(try CronExpression("*/5 * * * *").instanceID(at: time) != id)
        #expect(try CronExpression("*/5 * * * MON-FRI").instanceID(at: time + .seconds(60)) != id)
    }
}

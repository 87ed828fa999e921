import FlareModel
import Testing

@Suite("cron expressions")
struct CronTests {
    private static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text + ":00Z")) }

    private static func text(_ time: Timestamp) -> String { String(time.text.prefix(16)) }

    /// The first times after a moment.
    private static func next(_ expression: String, after start: String, count: Int = 3) throws -> [String] {
        let cron = try CronExpression(expression)
        var times: [Timestamp] = []
        var last = try time(start)
        for _ in 0..<count {
            last = cron.next(after: last)
            times.append(last)
        }
        return times.map(text)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let expression: String
        let start: String
        let times: [String]

        init(_ expression: String, _ start: String, _ times: String...) {
            (self.expression, self.start, self.times) = (expression, start, times)
        }

        var testDescription: String { expression }
    }

    static let cases = [
        Case("* * * * *", "2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:02"),
        Case("*/30 * * * *", "2026-01-01T00:00", "2026-01-01T00:30", "2026-01-01T01:00"),
        Case("45 * * * *", "2026-01-01T23:45", "2026-01-02T00:45"),
        Case("7/20 1 * * *", "2026-01-01T01:07", "2026-01-01T01:27", "2026-01-01T01:47", "2026-01-02T01:07"),
        Case("50-10/10 0 * * *", "2026-01-01T00:00", "2026-01-01T00:10", "2026-01-01T00:50", "2026-01-02T00:00"),
        Case("0,15-17 5 * * *", "2026-01-01T05:00", "2026-01-01T05:15", "2026-01-01T05:16", "2026-01-01T05:17"),
        Case("0 22-1 * * *", "2026-01-01T01:00", "2026-01-01T22:00", "2026-01-01T23:00", "2026-01-02T00:00"),
        // 1 is Sunday: 4 January 2026 is one.
        Case("0 17 * * 1", "2026-01-01T00:00", "2026-01-04T17:00", "2026-01-11T17:00"),
        Case("0 17 * * sun", "2026-01-01T00:00", "2026-01-04T17:00", "2026-01-11T17:00"),
        Case("0 17 * * 7", "2026-01-01T00:00", "2026-01-03T17:00"),
        Case("10 7 * * mon-fri", "2026-01-02T08:00", "2026-01-05T07:10", "2026-01-06T07:10"),
        Case("10 7 * * 2-6", "2026-01-02T08:00", "2026-01-05T07:10", "2026-01-06T07:10"),
        Case("0 0 * * FRI-SUN", "2026-01-01T00:00", "2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00"),
        Case("0 0 * * L", "2026-01-01T00:00", "2026-01-03T00:00", "2026-01-10T00:00"),
        Case("0 15 1 * *", "2026-01-01T15:00", "2026-02-01T15:00", "2026-03-01T15:00"),
        Case("0 18 * * 6L", "2026-01-01T00:00", "2026-01-30T18:00", "2026-02-27T18:00"),
        Case("0 18 * * friL", "2026-01-01T00:00", "2026-01-30T18:00", "2026-02-27T18:00"),
        Case("0 9 * * MON#1", "2026-01-01T00:00", "2026-01-05T09:00", "2026-02-02T09:00"),
        Case("0 9 * * 5#5", "2026-01-01T00:00", "2026-01-29T09:00", "2026-04-30T09:00"),
        // 31 January 2026 is a Saturday, 31 May a Sunday.
        Case("59 23 LW * *", "2026-01-01T00:00", "2026-01-30T23:59", "2026-02-27T23:59", "2026-03-31T23:59"),
        Case("0 0 L * *", "2028-01-31T00:00", "2028-02-29T00:00", "2028-03-31T00:00", "2028-04-30T00:00"),
        Case("0 0 L-2 * *", "2026-01-30T00:00", "2026-02-26T00:00", "2026-03-29T00:00"),
        Case("0 0 L-30 * *", "2026-01-02T00:00", "2026-03-01T00:00", "2026-05-01T00:00"),
        // The 1st of August 2026 is a Saturday, the 15th too; the 31st of May is a Sunday.
        Case("0 0 1W 8 *", "2026-01-01T00:00", "2026-08-03T00:00"),
        Case("0 0 15W 8 *", "2026-01-01T00:00", "2026-08-14T00:00"),
        Case("0 0 31W 4,5 *", "2026-01-01T00:00", "2026-05-29T00:00", "2027-05-31T00:00"),
        Case("0 0 L-1W 5 *", "2026-01-01T00:00", "2026-05-29T00:00"),
        // A leap day, also over a year 2100 that has none.
        Case("0 0 29 2 *", "2096-02-29T00:00", "2104-02-29T00:00", "2108-02-29T00:00"),
        Case("0 0 29 feb *", "2026-01-01T00:00", "2028-02-29T00:00"),
        Case("0 0 * 2 SUN#5", "2026-01-01T00:00", "2032-02-29T00:00", "2060-02-29T00:00"),
        Case("0 0 31 * *", "2026-01-31T00:00", "2026-03-31T00:00", "2026-05-31T00:00", "2026-07-31T00:00"),
        Case("*/10 0 * OCT MON", "1970-01-01T00:00", "1970-10-05T00:00", "1970-10-05T00:10"),
        Case("0 0 1 JAN-MAR/2 *", "2026-01-01T00:00", "2026-03-01T00:00", "2027-01-01T00:00"),
        // Both day fields: either fits.
        Case("0 0 13 * FRI", "2026-02-01T00:00", "2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"),
        Case("0 0 31 2 MON", "2026-01-01T00:00", "2026-02-02T00:00"),
        Case("0 0 1 1 *", "2026-12-31T23:59", "2027-01-01T00:00"),
    ]

    @Test("the times that follow are those that the expression means", arguments: cases)
    func following(_ given: Case) throws {
        #expect(try Self.next(given.expression, after: given.start, count: given.times.count) == given.times)
    }

    @Test("forwards, backwards and by asking each minute, the same times are found", arguments: cases)
    func agreement(_ given: Case) throws {
        let cron = try CronExpression(given.expression)
        let forwards = try Self.next(given.expression, after: given.start, count: 3).map(Self.time)
        for pair in zip(forwards, forwards.dropFirst()) {
            #expect(cron.previous(before: pair.1) == pair.0)
            #expect(cron.previous(before: pair.0 + .seconds(1)) == pair.0)
            #expect(cron.count(from: pair.0, to: pair.1) == 1)
        }
        let start = try Self.time("2027-12-30T20:00")
        let end = start + .seconds(70 * 3600)
        let asked = (0..<70 * 60).map { start + .seconds($0 * 60) }.filter(cron.includes)
        #expect(cron.times(from: start, to: end, limit: 10_000) == asked)
        #expect(cron.count(from: start, to: end) == asked.count)
    }

    @Test("seconds within a minute belong to it, and bounds are half open")
    func bounds() throws {
        let cron = try CronExpression("*/5 * * * *")
        let time = try Self.time("2026-01-01T00:05")
        #expect(cron.next(after: time + .milliseconds(-1)) == time)
        #expect(cron.next(after: time) == time + .seconds(300))
        #expect(cron.previous(before: time) == time + .seconds(-300))
        #expect(cron.previous(before: time + .milliseconds(1)) == time)
        #expect(cron.includes(time + .milliseconds(59_999)))
        #expect(!cron.includes(time + .milliseconds(60_000)))
        #expect(cron.times(from: time, to: time + .seconds(600), limit: 10) == [time, time + .seconds(300)])
        #expect(cron.times(from: time, to: time + .seconds(600), limit: 1) == [time])
        #expect(cron.count(from: time, to: time + .seconds(30 * 86_400)) == 30 * 288)
    }

    @Test("it works before 1970")
    func past() throws {
        #expect(try Self.next("0 0 29 2 *", after: "1965-01-01T00:00", count: 1) == ["1968-02-29T00:00"])
        let cron = try CronExpression("0 12 * * *")
        #expect(Self.text(cron.previous(before: try Self.time("1969-12-31T11:00"))) == "1969-12-30T12:00")
    }

    @Test("expressions that differ in case and spaces are the same")
    func keys() throws {
        let cron = try CronExpression(" 0  9 * *\tmon-fri ")
        #expect(cron.text == "0 9 * * mon-fri")
        #expect(try cron == CronExpression("0 9 * * MON-FRI"))
        #expect(try cron != CronExpression("0 9 * * 2-6"))
    }

    @Test(
        "a mistake is told with its field",
        arguments: [
            ("", "has 0 fields"), ("* * * *", "has 4 fields"), ("* * * * * *", "has 6 fields"),
            ("@daily", "has 1 fields"),
            ("60 * * * *", "the minute field \"60\""), ("-1 * * * *", "the minute field"), ("a * * * *", "has \"a\""),
            ("*/0 * * * *", "not a step"), ("*/60 * * * *", "not a step"), ("1/2/3 * * * *", "more than one \"/\""),
            ("1-2-3 * * * *", "more than one \"-\""), ("1, * * * *", "an empty entry"),
            ("*,1 * * * *", "beside other values"),
            ("*-5 * * * *", "has"), ("1- * * * *", "lacks a value"), ("* 24 * * *", "the hour field \"24\""),
            ("* * 0 * *", "the day of the month field"), ("* * 32 * *", "out of range"), ("* * 32W * *", "not a day"),
            ("* * L-31 * *", "not a day"), ("* * LL * *", "not a day"), ("* * W * *", "not a day"),
            ("* * * 13 *", "the month field"), ("* * * JANUARY *", "JAN to DEC"),
            ("* * * * 0", "1 (Sunday) to 7 (Saturday)"),
            ("* * * * 8", "the weekday field"), ("* * * * MON#6", "1 to 5"), ("* * * * #2", "lacks a value"),
            ("* * * * ?", "has \"?\""), ("* * 31 2 *", "no day that ever comes"),
            ("0 0 30 FEB *", "no day that ever comes"),
            ("0 0 31 4,6,9,11 *", "no day that ever comes"), ("0 0 31W 2 *", "no day that ever comes"),
        ]
    )
    func mistakes(_ expression: String, _ part: String) {
        do {
            _ = try CronExpression(expression)
            Issue.record("\"\(expression)\" was taken")
        } catch let error as FlareError {
            #expect(error.code == .invalidArgument)
            #expect(error.description.contains(part), "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }
}

/// Times that recur, as five fields of `cron`: minute, hour, day of the month, month, weekday; all in UTC.
///
/// The language is that of Cloudflare's cron triggers:
/// https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions
/// - `*`, values, ranges `a-b` (which may wrap around, as in `FRI-SUN`), steps `*/n`, `a/n` and `a-b/n`, and lists.
/// - Months also as `JAN` to `DEC`, weekdays as `SUN` to `SAT`, in any case.
/// - **Weekdays count from 1, Sunday, to 7, Saturday**, as in Quartz and unlike Unix, where 1 is Monday.
/// - Days of the month: `L` the last day, `L-n` the n-th before it, `nW` the working day nearest to the n-th within its
///   month, `LW` and `L-nW` that nearest to those.
/// - Weekdays: `dL` the last such day of the month, `d#n` the n-th; `L` alone is Saturday.
/// - When neither of the two day fields is `*`, a day fits that fits either.
package struct CronExpression: Sendable {
    /// As it was written, its fields one space apart.
    package let text: String
    let minutes: CronField
    let hours: CronField
    let months: CronField
    let days: CronDays

    /// Reads an expression; throws `invalidArgument` that names the field at fault.
    package init(_ text: String) throws {
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        self.text = fields.joined(separator: " ")
        let parser = CronParser(expression: self.text)
        guard fields.count == 5 else { throw parser.wrongCount(fields) }
        minutes = try parser.field(.minute, fields[0])
        hours = try parser.field(.hour, fields[1])
        months = try parser.field(.month, fields[3])
        days = try parser.days(month: fields[2], week: fields[4])
        guard CronCalendar(days: days, months: months).hasDay else { throw parser.impossible() }
    }

    /// The same for expressions that differ in nothing but case and spaces.
    package var key: String { text.uppercased() }

    /// Whether the expression means the minute in which a moment lies.
    package func includes(_ time: Timestamp) -> Bool {
        let moment = CronMoment(minutesSince1970: Self.minutes(of: time))
        return calendar.days(ofMonth: moment.date.month, year: moment.date.year).contains(moment.date.day)
            && hours.contains(moment.hour) && minutes.contains(moment.minute)
    }

    /// The first time after a moment.
    package func next(after time: Timestamp) -> Timestamp {
        let start = CronMoment(minutesSince1970: Self.minutes(of: time) + 1)
        if calendar.days(ofMonth: start.date.month, year: start.date.year).contains(start.date.day) {
            if let (hour, minute) = firstTime(hour: start.hour, minute: start.minute) {
                return CronMoment(date: start.date, hour: hour, minute: minute).timestamp
            }
        }
        let date = calendar.firstDay(after: start.date)
        return CronMoment(date: date, hour: hours.first, minute: minutes.first).timestamp
    }

    /// The last time before a moment.
    package func previous(before time: Timestamp) -> Timestamp {
        let start = CronMoment(minutesSince1970: Self.minutes(of: Timestamp(milliseconds: time.milliseconds - 1)))
        if calendar.days(ofMonth: start.date.month, year: start.date.year).contains(start.date.day) {
            if let (hour, minute) = lastTime(hour: start.hour, minute: start.minute) {
                return CronMoment(date: start.date, hour: hour, minute: minute).timestamp
            }
        }
        let date = calendar.lastDay(before: start.date)
        return CronMoment(date: date, hour: hours.last, minute: minutes.last).timestamp
    }

    /// The times from `start` up to and without `end`, the first `limit` of them.
    package func times(from start: Timestamp, to end: Timestamp, limit: Int) -> [Timestamp] {
        var times: [Timestamp] = []
        var last = Timestamp(milliseconds: start.milliseconds - 1)
        while times.count < limit {
            last = next(after: last)
            guard last < end else { break }
            times.append(last)
        }
        return times
    }

    /// How many times lie from `start` up to and without `end`.
    ///
    /// Costs a step for each day, whatever the count.
    package func count(from start: Timestamp, to end: Timestamp) -> Int {
        var count = 0
        var time = next(after: Timestamp(milliseconds: start.milliseconds - 1))
        while time < end {
            let date = CronMoment(minutesSince1970: Self.minutes(of: time)).date
            let tomorrow = Timestamp(milliseconds: (date.daysSince1970 + 1) * 86_400_000)
            let isWhole = CronMoment(date: date, hour: hours.first, minute: minutes.first).timestamp == time
            if isWhole && tomorrow <= end {
                count += hours.count * minutes.count
                time = next(after: Timestamp(milliseconds: tomorrow.milliseconds - 1))
            } else {
                count += 1
                time = next(after: time)
            }
        }
        return count
    }

    private var calendar: CronCalendar { CronCalendar(days: days, months: months) }

    private func firstTime(hour: Int, minute: Int) -> (hour: Int, minute: Int)? {
        if hours.contains(hour), let minute = minutes.first(from: minute) { return (hour, minute) }
        return hours.first(from: hour + 1).map { ($0, minutes.first) }
    }

    private func lastTime(hour: Int, minute: Int) -> (hour: Int, minute: Int)? {
        if hours.contains(hour), let minute = minutes.last(to: minute) { return (hour, minute) }
        return hours.last(to: hour - 1).map { ($0, minutes.last) }
    }

    /// Rounded down, also before 1970.
    private static func minutes(of time: Timestamp) -> Int64 {
        let (quotient, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 60_000)
        return rest < 0 ? quotient - 1 : quotient
    }
}

extension CronExpression: Hashable {
    package static func == (left: Self, right: Self) -> Bool { left.key == right.key }

    package func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// A minute of a day.
private struct CronMoment {
    var date: CivilDate
    var hour: Int
    var minute: Int

    init(date: CivilDate, hour: Int, minute: Int) {
        self.date = date
        self.hour = hour
        self.minute = minute
    }

    init(minutesSince1970 minutes: Int64) {
        let days = minutes >= 0 ? minutes / 1440 : (minutes - 1439) / 1440
        let rest = Int(minutes - days * 1440)
        self.init(date: CivilDate(daysSince1970: days), hour: rest / 60, minute: rest % 60)
    }

    var timestamp: Timestamp {
        Timestamp(milliseconds: (date.daysSince1970 * 1440 + Int64(hour * 60 + minute)) * 60_000)
    }
}

/// The values of one field, 0 to 63, as a set of bits.
struct CronField: Hashable, Sendable {
    private(set) var bits: UInt64 = 0

    init() {}

    init(_ values: some Sequence<Int>) {
        for value in values { insert(value) }
    }

    mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }

    mutating func formUnion(_ other: Self) { bits |= other.bits }

    func contains(_ value: Int) -> Bool { (0..<64).contains(value) && bits >> UInt64(value) & 1 == 1 }

    var isEmpty: Bool { bits == 0 }
    var count: Int { bits.nonzeroBitCount }

    /// The smallest value; the field must not be empty.
    var first: Int { bits.trailingZeroBitCount }
    /// The largest value; the field must not be empty.
    var last: Int { 63 - bits.leadingZeroBitCount }

    /// The smallest value from here on.
    func first(from value: Int) -> Int? {
        guard value < 64 else { return nil }
        let rest = (bits >> UInt64(max(value, 0))) << UInt64(max(value, 0))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The largest value up to this one.
    func last(to value: Int) -> Int? {
        guard value >= 0 else { return nil }
        let rest = value >= 63 ? bits : bits & (1 << UInt64(value + 1) - 1)
        return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
    }
}

/// The two fields that say which days fit: of the month and of the week.
struct CronDays: Hashable, Sendable {
    /// A day of the month that depends on the month.
    enum Special: Hashable, Sendable {
        /// So many days before the last one.
        case beforeLast(Int)
        /// The working day nearest to a day.
        case nearest(Int)
        /// The working day nearest to the one so many days before the last.
        case nearestBeforeLast(Int)
        /// The last such weekday, 0 for Sunday.
        case lastWeekday(Int)
        case nthWeekday(Int, n: Int)
    }

    /// Nil for `*`.
    var monthDays: CronField?
    /// 0 for Sunday; nil for `*`.
    var weekdays: CronField?
    var specials: [Special] = []

    /// The days of a month that fit.
    func days(ofMonth month: Int, year: Int) -> CronField {
        let count = CivilDate.dayCount(ofMonth: month, year: year)
        let first = CivilDate(year: year, month: month, day: 1).weekday
        guard monthDays != nil || weekdays != nil else { return CronField(1...count) }
        var days = CronField()
        for day in 1...count {
            let fits = monthDays?.contains(day) ?? false || weekdays?.contains((first + day - 1) % 7) ?? false
            if fits { days.insert(day) }
        }
        for special in specials {
            if let day = Self.day(special, count: count, firstWeekday: first) { days.insert(day) }
        }
        return days
    }

    /// Nil when the month has no such day.
    private static func day(_ special: Special, count: Int, firstWeekday: Int) -> Int? {
        switch special {
        case .beforeLast(let offset): return offset < count ? count - offset : nil
        case .nearest(let day): return day <= count ? nearest(day, count, firstWeekday) : nil
        case .nearestBeforeLast(let offset): return offset < count ? nearest(count - offset, count, firstWeekday) : nil
        case .lastWeekday(let weekday):
            let last = (firstWeekday + count - 1) % 7
            return count - (last - weekday + 7) % 7
        case .nthWeekday(let weekday, let n):
            let day = 1 + (weekday - firstWeekday + 7) % 7 + (n - 1) * 7
            return day <= count ? day : nil
        }
    }

    /// Never leaves the month: a Saturday that is the first is moved to Monday, a Sunday that is the last to Friday.
    private static func nearest(_ day: Int, _ count: Int, _ firstWeekday: Int) -> Int {
        switch (firstWeekday + day - 1) % 7 {
        case 6: day > 1 ? day - 1 : day + 2
        case 0: day < count ? day + 1 : day - 2
        default: day
        }
    }
}

/// Which days of the calendar an expression means.
struct CronCalendar {
    let days: CronDays
    let months: CronField

    /// The calendar repeats after this many months, weekdays included.
    private static let cycleMonths = 4800

    /// Whether any day ever fits.
    var hasDay: Bool {
        (0..<Self.cycleMonths).contains { !days(ofMonth: $0 % 12 + 1, year: 2000 + $0 / 12).isEmpty }
    }

    func days(ofMonth month: Int, year: Int) -> CronField {
        months.contains(month) ? days.days(ofMonth: month, year: year) : CronField()
    }

    /// The first fitting day after a date.
    func firstDay(after date: CivilDate) -> CivilDate {
        var (year, month, day) = (date.year, date.month, date.day + 1)
        for _ in 0...Self.cycleMonths {
            if let found = days(ofMonth: month, year: year).first(from: day) {
                return CivilDate(year: year, month: month, day: found)
            }
            (year, month, day) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
        }
        preconditionFailure("an expression that means no day was not refused")
    }

    /// The last fitting day before a date.
    func lastDay(before date: CivilDate) -> CivilDate {
        var (year, month, day) = (date.year, date.month, date.day - 1)
        for _ in 0...Self.cycleMonths {
            if let found = days(ofMonth: month, year: year).last(to: day) {
                return CivilDate(year: year, month: month, day: found)
            }
            (year, month, day) = month == 1 ? (year - 1, 12, 31) : (year, month - 1, 31)
        }
        preconditionFailure("an expression that means no day was not refused")
    }
}

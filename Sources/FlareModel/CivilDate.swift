/// A day of the Gregorian calendar, and its arithmetic without a time zone.
struct CivilDate: Hashable, Sendable {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// From 1.
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date of a day counted from 1 January 1970.
    ///
    /// https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    init(daysSince1970 days: Int64) {
        // Counted from 1 March of the year 0, so that the leap day is the last of its year; an era is 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        month = Int(fromMarch < 10 ? fromMarch + 3 : fromMarch - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        day = Int(ofYear - (153 * fromMarch + 2) / 5 + 1)
    }

    /// Days since 1 January 1970.
    ///
    /// https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    var daysSince1970: Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let fromMarch = Int64(month > 2 ? month - 3 : month + 9)
        let ofYear = (153 * fromMarch + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
    }

    /// 0 for Sunday to 6 for Saturday.
    var weekday: Int {
        // 1 January 1970 was a Thursday.
        let rest = (daysSince1970 + 4) % 7
        return Int(rest < 0 ? rest + 7 : rest)
    }

    static func dayCount(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

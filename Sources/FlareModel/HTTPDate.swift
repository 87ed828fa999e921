extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The form of HTTP's date headers, without milliseconds: `Tue, 14 Nov 2023 22:13:20 GMT`.
    /// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
    package var httpDate: String {
        let seconds = Int(milliseconds.quotientRoundedDown(by: 1000))
        let days = seconds.quotientRoundedDown(by: 86_400)
        let (year, month, day) = Self.civil(days)
        let time = seconds - days * 86_400
        func padded(_ number: Int, _ width: Int = 2) -> String {
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
        }
        let weekday = Self.weekdays[days - days.quotientRoundedDown(by: 7) * 7]
        let clock = [time / 3600, time / 60 % 60, time % 60].map { padded($0) }.joined(separator: ":")
        return "\(weekday), \(padded(day)) \(Self.months[month - 1]) \(padded(year, 4)) \(clock) GMT"
    }

    /// Reads the form of HTTP's date headers and the two obsolete ones, `Tuesday, 14-Nov-23 22:13:20 GMT` and
    /// `Tue Nov 14 22:13:20 2023`; nil for any other.
    package init?(httpDate text: String) {
        let words = text.split(separator: " ")
        let parts: [Substring]
        switch words.count {
        case 6 where words[5] == "GMT": parts = Array(words[1...4])
        case 4 where words[3] == "GMT": parts = words[1].split(separator: "-") + [words[2]]
        case 5: parts = [words[2], words[1], words[4], words[3]]
        default: return nil
        }
        guard parts.count == 4, let day = Int(parts[0]), let month = Self.months.firstIndex(of: String(parts[1])),
            var year = Int(parts[2]), (1...9999).contains(year) || words.count == 4
        else { return nil }
        if words.count == 4 {
            guard parts[2].utf8.count == 2, (0...99).contains(year) else { return nil }
            // The years of two digits begin with 1970, as for strptime.
            year += year < 70 ? 2000 : 1900
        }
        guard (1...CivilDate.dayCount(ofMonth: month + 1, year: year)).contains(day) else { return nil }
        let clock = parts[3].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        let seconds = Self.days(year, month + 1, day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
        self.init(milliseconds: Int64(seconds) * 1000)
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar.
    ///
    /// Years begin in March, so that the leap day is last. https://howardhinnant.github.io/date_algorithms.html
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.quotientRoundedDown(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.quotientRoundedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension BinaryInteger where Self: SignedInteger {
    /// Division that rounds towards minus infinity, for moments before 1970.
    fileprivate func quotientRoundedDown(by divisor: Self) -> Self {
        self >= 0 ? self / divisor : (self + 1) / divisor - 1
    }
}

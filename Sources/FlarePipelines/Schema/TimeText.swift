import FlareModel

/// A moment as RFC 3339 writes it. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
struct TimeText: Equatable {
    /// Since 1970, UTC, rounded down.
    let seconds: Int64
    /// 0..<1_000_000_000; digits beyond the ninth are cut off.
    let nanoseconds: Int64

    /// Nil when the text is not a time; `t`, `z` and a space between date and time are taken as the RFC allows.
    ///
    /// A leap second counts as the second after it.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count >= 20,
            let year = Self.number(text, 0, 4), text[4] == UInt8(ascii: "-"),
            let month = Self.number(text, 5, 2), text[7] == UInt8(ascii: "-"),
            let day = Self.number(text, 8, 2), Self.separators.contains(text[10]),
            let hour = Self.number(text, 11, 2), text[13] == UInt8(ascii: ":"),
            let minute = Self.number(text, 14, 2), text[16] == UInt8(ascii: ":"),
            let second = Self.number(text, 17, 2),
            1...12 ~= month, 1...Self.days(inMonth: month, of: year) ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        guard let nanoseconds = Self.fraction(text, &index), let offset = Self.offset(text, index) else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.nanoseconds = nanoseconds
    }

    private static let separators: [UInt8] = Array("Tt ".utf8)

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ digits: Int) -> Int64? {
        var value: Int64 = 0
        for index in start..<(start + digits) {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }

    private static func fraction(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Int64? {
        guard text[index] == UInt8(ascii: ".") else { return 0 }
        index += 1
        let start = index
        var value: Int64 = 0
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
            if index - start < 9 { value = value * 10 + Int64(text[index] &- UInt8(ascii: "0")) }
            index += 1
        }
        guard index > start else { return nil }
        for _ in min(index - start, 9)..<9 { value *= 10 }
        return value
    }

    /// The seconds by which the local time is ahead of UTC; nil when the text does not end with an offset.
    private static func offset(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int64? {
        guard index < text.count else { return nil }
        if text[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == text.count ? 0 : nil }
        guard text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-"), index + 6 == text.count,
            let hours = number(text, index + 1, 2), text[index + 3] == UInt8(ascii: ":"),
            let minutes = number(text, index + 4, 2), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return text[index] == UInt8(ascii: "-") ? -seconds : seconds
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Years begin in March, so that the leap day is last. https://howardhinnant.github.io/date_algorithms.html
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Counted in a unit, rounded down; nil when that is beyond an `Int64`.
    func count(of unit: SchemaTimeUnit) -> Int64? {
        let perSecond = unit.perSecond
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: perSecond)
        let (sum, overflowsAgain) = whole.addingReportingOverflow(nanoseconds / (1_000_000_000 / perSecond))
        return overflows || overflowsAgain ? nil : sum
    }
}

extension SchemaTimeUnit {
    var perSecond: Int64 {
        switch self {
        case .second: 1
        case .millisecond: 1000
        case .microsecond: 1_000_000
        case .nanosecond: 1_000_000_000
        }
    }

    /// What a column keeps: Parquet has no unit of a second.
    var stored: SchemaTimeUnit { self == .second ? .millisecond : self }
}

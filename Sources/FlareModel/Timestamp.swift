package import FoundationEssentials

/// A moment in milliseconds since 1970, UTC.
///
/// RFC 3339 with milliseconds in JSON, an integer in the database.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// What RFC 3339 can say, with its years of four digits: beyond them `text` is none that could be read again.
    package static let sayable =
        Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

    /// Parses RFC 3339 with or without fractional seconds; nil when the text is not a time, or not a `sayable` one.
    package init?(_ text: String) {
        if let time = Self.own(text) {
            self = time
            return
        }
        let parsed =
            (try? Date(
                text,
                strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(
                    separator: .colon
                )
            ))
            ?? (try? Date(text, strategy: .iso8601))
        guard let parsed, Self.hasDay(text) else { return nil }
        self.init(parsed)
        guard Self.sayable.contains(self) else { return nil }
    }

    /// Whether the day that a text begins with is one: Foundation takes 30 February for 2 March.
    private static func hasDay(_ text: String) -> Bool {
        let parts = text.utf8.prefix { $0 != UInt8(ascii: "T") }.split(separator: UInt8(ascii: "-"))
        let numbers = parts.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 3, (1...12).contains(numbers[1]) else { return false }
        return (1...CivilDate.dayCount(ofMonth: numbers[1], year: numbers[0])).contains(numbers[2])
    }

    /// Reads what `text` writes; nil for all else.
    ///
    /// In the same calendar, which Foundation leaves for days before 1582: such a time would be another one each time
    /// that it is written and read.
    private static func own(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00.000Z".utf8)
        guard bytes.count == form.count else { return nil }
        for (byte, wanted) in zip(bytes, form) {
            guard wanted == UInt8(ascii: "0") ? (48...57).contains(byte) : byte == wanted else { return nil }
        }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - 48) } }
        let date = CivilDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard (1...12).contains(date.month),
            (1...CivilDate.dayCount(ofMonth: date.month, year: date.year)).contains(date.day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = date.daysSince1970 * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return Timestamp(milliseconds: seconds * 1000 + Int64(number(20..<23)))
    }

    package init(_ date: Date) {
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    package var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// RFC 3339 in UTC with milliseconds: `2013-01-01T05:17:00.000Z`.
    package var text: String {
        // By hand, in integers: formatting a Date cuts its binary fraction, so that half of all milliseconds came out
        // one too small.
        let (days, ofDay) = milliseconds.quotientAndFlooredRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSince1970: days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        func append(_ value: Int64, digits: Int, then separator: Character?) {
            let text = String(value)
            bytes += repeatElement(UInt8(ascii: "0"), count: max(0, digits - text.utf8.count))
            bytes += text.utf8
            if let separator { bytes += separator.utf8 }
        }
        append(Int64(date.year), digits: 4, then: "-")
        append(Int64(date.month), digits: 2, then: "-")
        append(Int64(date.day), digits: 2, then: "T")
        append(ofDay / 3_600_000, digits: 2, then: ":")
        append(ofDay / 60_000 % 60, digits: 2, then: ":")
        append(ofDay / 1000 % 60, digits: 2, then: ".")
        append(ofDay % 1000, digits: 3, then: "Z")
        return String(decoding: bytes, as: UTF8.self)
    }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    package static func + (left: Self, right: Duration) -> Self {
        Self(milliseconds: left.milliseconds &+ right.milliseconds)
    }

    package static func - (left: Self, right: Self) -> Duration {
        .milliseconds(left.milliseconds &- right.milliseconds)
    }
}

extension Int64 {
    /// Division that rounds down, also for what lies before 1970.
    fileprivate func quotientAndFlooredRemainder(dividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not an RFC 3339 time"
            )
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

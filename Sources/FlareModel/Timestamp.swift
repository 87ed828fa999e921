package import FoundationEssentials

/// A moment in milliseconds since 1970, UTC.
///
/// RFC 3339 with milliseconds in JSON, an integer in the database.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Parses RFC 3339 with or without fractional seconds; nil when the text is not a time.
    package init?(_ text: String) {
        let parsed =
            (try? Date(
                text,
                strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(
                    separator: .colon
                )
            ))
            ?? (try? Date(text, strategy: .iso8601))
        guard let parsed else { return nil }
        self.init(parsed)
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

extension Timestamp {
    /// The compact form of ISO 8601 that signed requests carry, in UTC and without milliseconds: `20130524T000000Z`.
    package var compactText: String {
        let days = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds + 1) / 86_400_000 - 1
        let date = CivilDate(daysSince1970: days)
        let seconds = (milliseconds - days * 86_400_000) / 1000
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded(Int($0)) }.joined()
        return padded(date.year, 4) + padded(date.month) + padded(date.day) + "T" + clock + "Z"
    }

    /// Reads the compact form; nil for any other, and for days and hours that there are not.
    package init?(compactText text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0 as Int?) { value, byte in
                guard let value, (48...57).contains(byte) else { return nil }
                return value * 10 + Int(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
            year > 0, (1...12).contains(month), (1...CivilDate.dayCount(ofMonth: month, year: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        self.init(milliseconds: (days * 86_400 + Int64(hour * 3600 + minute * 60 + second)) * 1000)
    }
}

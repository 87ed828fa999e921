/// Reads the fields of one cron expression, with errors that name the field.
struct CronParser {
    let expression: String

    /// One of the five fields: what it may hold.
    struct Kind {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []

        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let monthDay = Kind(name: "day of the month", range: 1...31)
        static let month = Kind(
            name: "month",
            range: 1...12,
            names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        )
        static let weekday = Kind(
            name: "weekday",
            range: 1...7,
            names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        )

        /// What a value may be, in words.
        var words: String {
            let numbers = "\(range.lowerBound) to \(range.upperBound)"
            guard let first = names.first, let last = names.last else { return numbers }
            return name == "weekday"
                ? "1 (Sunday) to 7 (Saturday) or \(first) to \(last)" : "\(numbers) or \(first) to \(last)"
        }
    }

    /// A field of values, ranges and steps.
    func field(_ kind: Kind, _ text: String) throws -> CronField {
        if text == "*" { return CronField(kind.range) }
        var field = CronField()
        for item in try items(kind, text) { field.formUnion(try values(kind, item, in: text)) }
        return field
    }

    /// The two fields of days.
    func days(month: String, week: String) throws -> CronDays {
        var days = CronDays()
        if month != "*" {
            var field = CronField()
            for item in try items(.monthDay, month) {
                if let special = try monthSpecial(item, in: month) {
                    days.specials.append(special)
                } else {
                    field.formUnion(try values(.monthDay, item, in: month))
                }
            }
            days.monthDays = field
        }
        if week != "*" {
            var field = CronField()
            for item in try items(.weekday, week) {
                if let special = try weekSpecial(item, in: week) {
                    days.specials.append(special)
                } else {
                    let values = item.uppercased() == "L" ? CronField([7]) : try values(.weekday, item, in: week)
                    for value in kindValues(values) { field.insert(value - 1) }
                }
            }
            days.weekdays = field
        }
        return days
    }

    private func kindValues(_ field: CronField) -> [Int] { Kind.weekday.range.filter(field.contains) }

    private func items(_ kind: Kind, _ text: String) throws -> [String] {
        let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if items.contains(where: \.isEmpty) { throw problem(kind, text, "has an empty entry between its commas") }
        if items.contains("*") {
            throw problem(kind, text, "lists \"*\" beside other values; \"*\" alone is every one")
        }
        return items
    }

    /// `*/n`, `a`, `a-b`, `a/n` or `a-b/n`.
    private func values(_ kind: Kind, _ item: String, in text: String) throws -> CronField {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2 else { throw problem(kind, text, "has more than one \"/\" in \"\(item)\"") }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw problem(kind, text, "has more than one \"-\" in \"\(item)\"") }
        let isStar = parts[0] == "*"
        let first = isStar ? kind.range.lowerBound : try value(kind, ends[0], in: text)
        let last =
            ends.count == 2
            ? try value(kind, ends[1], in: text) : (isStar || parts.count == 2 ? kind.range.upperBound : first)
        let step = parts.count == 2 ? try self.step(kind, parts[1], in: text) : 1
        // A range that ends before it begins goes round, as in FRI-SUN.
        let all =
            first <= last
            ? Array(first...last) : Array(first...kind.range.upperBound) + kind.range.prefix { $0 <= last }
        return CronField(stride(from: 0, to: all.count, by: step).map { all[$0] })
    }

    private func value(_ kind: Kind, _ text: String, in field: String) throws -> Int {
        if let index = kind.names.firstIndex(of: text.uppercased()) { return kind.range.lowerBound + index }
        guard let number = Self.number(text) else {
            throw problem(
                kind,
                field,
                text.isEmpty ? "lacks a value" : "has \"\(text)\", which is not a value",
                kind.words
            )
        }
        guard kind.range.contains(number) else {
            throw problem(kind, field, "has \(number), which is out of range", kind.words)
        }
        return number
    }

    private func step(_ kind: Kind, _ text: String, in field: String) throws -> Int {
        let most = kind.range.upperBound - kind.range.lowerBound
        guard let number = Self.number(text), (1...most).contains(number) else {
            throw problem(
                kind,
                field,
                "has \"/\(text)\", which is not a step",
                "a step is 1 to \(most)",
                isRange: false
            )
        }
        return number
    }

    /// `L`, `L-n`, `LW`, `L-nW`, `nW`; nil for anything else.
    private func monthSpecial(_ item: String, in field: String) throws -> CronDays.Special? {
        var rest = item.uppercased()[...]
        guard rest.contains("L") || rest.contains("W") else { return nil }
        let isNearest = rest.last == "W"
        if isNearest { rest.removeLast() }
        guard rest.first == "L" else {
            guard isNearest, let day = Self.number(rest), Kind.monthDay.range.contains(day) else {
                throw problem(.monthDay, field, "has \"\(item)\", which is not a day", Self.specialDays, isRange: false)
            }
            return .nearest(day)
        }
        rest.removeFirst()
        if rest.isEmpty { return isNearest ? .nearestBeforeLast(0) : .beforeLast(0) }
        guard rest.first == "-", let offset = Self.number(rest.dropFirst()), (1...30).contains(offset) else {
            throw problem(.monthDay, field, "has \"\(item)\", which is not a day", Self.specialDays, isRange: false)
        }
        return isNearest ? .nearestBeforeLast(offset) : .beforeLast(offset)
    }

    private static let specialDays = "L, L-3, LW, L-3W and 15W are days"

    /// `dL` or `d#n`; nil for anything else, such as `L` alone.
    private func weekSpecial(_ item: String, in field: String) throws -> CronDays.Special? {
        let upper = item.uppercased()
        if upper.count > 1, upper.hasSuffix("L") {
            return .lastWeekday(try value(.weekday, String(upper.dropLast()), in: field) - 1)
        }
        let parts = upper.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return nil }
        guard parts.count == 2, let n = Self.number(parts[1]), (1...5).contains(n) else {
            throw problem(
                .weekday,
                field,
                "has \"\(item)\", which is not a day",
                "FRI#2 is the second Friday; 1 to 5",
                isRange: false
            )
        }
        return .nthWeekday(try value(.weekday, String(parts[0]), in: field) - 1, n: n)
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    // MARK: - Errors

    private func problem(
        _ kind: Kind,
        _ field: String,
        _ what: String,
        _ hint: String? = nil,
        isRange: Bool = true
    ) -> FlareError {
        FlareError(
            .invalidArgument,
            "the \(kind.name) field \"\(field)\" of the cron expression \"\(expression)\" \(what)",
            hint: hint.map { isRange ? "a \(kind.name) is \($0)" : $0 }
        )
    }

    func wrongCount(_ fields: [String]) -> FlareError {
        FlareError(
            .invalidArgument,
            "the cron expression \"\(expression)\" has \(fields.count) fields, not 5",
            hint: "minute hour day-of-month month weekday, in UTC, as in \"*/5 * * * *\" or \"0 9 * * MON-FRI\""
        )
    }

    func impossible() -> FlareError {
        FlareError(
            .invalidArgument,
            "the cron expression \"\(expression)\" means no day that ever comes",
            hint: "look at its day of the month and its month: February has at most 29 days"
        )
    }
}

/// How often something took how long, from a millisecond to days.
package struct DurationCounts: Sendable, Hashable {
    /// Upper bounds of the buckets in milliseconds: steps take milliseconds, sleeps and waits up to days.
    package static let bounds: [Int64] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000,
        3_600_000, 21_600_000, 86_400_000, 604_800_000,
    ]

    /// One for each bound, and one for all that took longer.
    package var buckets = [Int](repeating: 0, count: bounds.count + 1)
    /// Milliseconds.
    package var sum: Int64 = 0
    /// The shortest and the longest, in milliseconds; 0 without any.
    package var min: Int64 = 0
    package var max: Int64 = 0

    package var count: Int { buckets.reduce(0, +) }

    /// Adds one; a clock that was set back counts as no time.
    mutating func add(milliseconds: Int64) {
        let value = Swift.max(0, milliseconds)
        let isFirst = count == 0
        buckets[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
        sum += value
        min = isFirst ? value : Swift.min(min, value)
        max = Swift.max(max, value)
    }

    /// Adds all of another.
    mutating func add(_ other: DurationCounts) {
        guard other.count > 0 else { return }
        min = count == 0 ? other.min : Swift.min(min, other.min)
        max = Swift.max(max, other.max)
        sum += other.sum
        for index in buckets.indices { buckets[index] += other.buckets[index] }
    }

    /// The milliseconds that a part of all did not exceed: a bucket's bound, or the longest of all when that is less.
    ///
    /// 0 when there are none.
    package func quantile(_ part: Double) -> Int64 {
        let wanted = Double(count) * part
        var seen = 0
        for (index, number) in buckets.enumerated() where number > 0 {
            seen += number
            if Double(seen) >= wanted {
                return index < Self.bounds.count ? Swift.min(Self.bounds[index], max) : max
            }
        }
        return 0
    }
}

/// Durations by size, in buckets that are at most 1.6 % wide: bounded memory, whatever the number of messages.
struct LatencyHistogram: Sendable {
    private static let bucketsPerDoubling = 64
    /// Enough for 2^40 ns, which is 18 minutes.
    private var counts = [UInt32](repeating: 0, count: 36 * bucketsPerDoubling)
    private(set) var count = 0

    mutating func record(nanoseconds: UInt64) {
        counts[min(counts.count - 1, Self.bucket(of: nanoseconds))] += 1
        count += 1
    }

    /// Adds what another one has seen.
    mutating func merge(_ other: LatencyHistogram) {
        for (bucket, count) in other.counts.enumerated() { counts[bucket] += count }
        count += other.count
    }

    /// The duration that this part of all, from 0 to 1, did not exceed, in milliseconds; 0 when nothing was recorded.
    func milliseconds(at part: Double) -> Double {
        var left = Int(Double(count) * part)
        for (bucket, count) in counts.enumerated() where count > 0 {
            left -= Int(count)
            if left < 0 { return Double(Self.nanoseconds(of: bucket)) / 1e6 }
        }
        return 0
    }

    private static func bucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 64 else { return Int(nanoseconds) }
        let doublings = 63 - nanoseconds.leadingZeroBitCount - 6
        return (doublings + 1) * bucketsPerDoubling + Int((nanoseconds >> UInt64(doublings)) & 63)
    }

    /// The middle of a bucket.
    private static func nanoseconds(of bucket: Int) -> UInt64 {
        guard bucket >= bucketsPerDoubling else { return UInt64(bucket) }
        let doublings = UInt64(bucket / bucketsPerDoubling - 1)
        let width = UInt64(1) << doublings
        return (64 + UInt64(bucket % bucketsPerDoubling)) * width + width / 2
    }
}

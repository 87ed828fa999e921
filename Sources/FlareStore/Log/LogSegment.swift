/// One file of a log: `segment-<number>-<first offset>`, both as 16 hexadecimal digits.
struct LogSegment: Equatable, Sendable {
    /// Counts up by one from segment to segment, and is never used again in its log.
    let number: UInt64
    let firstOffset: Int64
    /// The offset after the last durable record.
    var endOffset: Int64
    /// Where the durable frames end.
    ///
    /// Nil when only `endOffset` is known: a full segment of an earlier life.
    var endPosition: Int?

    var fileName: String { "segment-\(Self.digits(number))-\(Self.digits(UInt64(firstOffset)))" }

    init(number: UInt64, firstOffset: Int64) {
        self.number = number
        self.firstOffset = firstOffset
        endOffset = firstOffset
        endPosition = 0
    }

    /// Nil for names of other files.
    init?(fileName: String) {
        let parts = fileName.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "segment", parts[1].utf8.count == 16, parts[2].utf8.count == 16,
            let number = UInt64(parts[1], radix: 16), let offset = Int64(parts[2], radix: 16), number > 0, offset >= 0
        else { return nil }
        self.init(number: number, firstOffset: offset)
    }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}

/// The segments that hold records, oldest first; the last one is written to.
struct LogSegments: Sendable {
    var live: [LogSegment] = []
    /// The offset that the next durable append will have.
    var endOffset: Int64 = 0

    var startOffset: Int64 { live.first?.firstOffset ?? endOffset }

    /// The segment that holds an offset; nil at the end.
    func segment(holding offset: Int64) -> LogSegment? {
        // Empty segments, left by an opening that was not followed by a write, hold nothing.
        var low = 0
        var high = live.count
        while low < high {
            let middle = (low + high) / 2
            if live[middle].endOffset > offset { high = middle } else { low = middle + 1 }
        }
        return low < live.count ? live[low] : nil
    }

    func isLive(_ number: UInt64) -> Bool {
        live.contains { $0.number == number }
    }
}

/// Parquet's hybrid of run lengths and packed bits, for levels and for places in a dictionary.
///
/// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE . Eight equal values or more in a row become
/// a run; all others are packed in groups of eight.
struct HybridEncoder {
    private(set) var bytes: [UInt8] = []
    private let bitWidth: Int
    private var previous: UInt32 = 0
    /// How often `previous` has come in a row; from 8 on those values are in no group.
    private var repeats = 0
    private var group: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var groupCount = 0
    /// Where the header of the packed run stands that can still grow, and its groups of eight.
    private var packedHeader = -1
    private var packedGroups = 0

    /// One byte of header counts at most 63 groups.
    private static let packedGroupsMax = 63

    init(bitWidth: Int) {
        self.bitWidth = bitWidth
    }

    /// The bits that values from 0 to `valueMax` need.
    static func bitWidth(of valueMax: Int) -> Int { Int.bitWidth - valueMax.leadingZeroBitCount }

    @inline(__always)
    mutating func append(_ value: UInt32) {
        if value == previous {
            repeats += 1
            if repeats >= 8 { return }
        } else {
            if repeats >= 8 { writeRun() }
            repeats = 1
            previous = value
        }
        pack(value)
    }

    mutating func append(_ value: UInt32, count: Int) {
        var left = count
        while left > 0, !(value == previous && repeats >= 8) {
            append(value)
            left -= 1
        }
        repeats += left
    }

    /// Ends the last run; nothing may be appended after it.
    mutating func finish() {
        if repeats >= 8 {
            writeRun()
        } else if groupCount > 0 {
            while groupCount > 0 { pack(0) }
        }
        endPacked()
    }

    mutating func removeAll() {
        self = HybridEncoder(bitWidth: bitWidth)
    }

    @inline(__always)
    private mutating func pack(_ value: UInt32) {
        // Two values to a word; the width is at most 32.
        let shifted = UInt64(value) << (groupCount & 1 == 0 ? 0 : 32)
        switch groupCount >> 1 {
        case 0: group.0 |= shifted
        case 1: group.1 |= shifted
        case 2: group.2 |= shifted
        default: group.3 |= shifted
        }
        groupCount += 1
        if groupCount == 8 { writeGroup() }
    }

    private mutating func writeGroup() {
        if packedGroups == Self.packedGroupsMax { endPacked() }
        if packedHeader < 0 {
            packedHeader = bytes.count
            bytes.append(0)
        }
        var bits: UInt64 = 0
        var bitCount = 0
        write(group.0, &bits, &bitCount)
        write(group.1, &bits, &bitCount)
        write(group.2, &bits, &bitCount)
        write(group.3, &bits, &bitCount)
        packedGroups += 1
        group = (0, 0, 0, 0)
        groupCount = 0
        repeats = 0
    }

    @inline(__always)
    private mutating func write(_ pair: UInt64, _ bits: inout UInt64, _ bitCount: inout Int) {
        write(value: pair & 0xFFFF_FFFF, &bits, &bitCount)
        write(value: pair >> 32, &bits, &bitCount)
    }

    @inline(__always)
    private mutating func write(value: UInt64, _ bits: inout UInt64, _ bitCount: inout Int) {
        bits |= value << UInt64(bitCount)
        bitCount += bitWidth
        while bitCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }

    private mutating func writeRun() {
        endPacked()
        bytes.append(variableLength: UInt64(repeats) << 1)
        bytes.append(littleEndian: UInt64(previous), count: (bitWidth + 7) / 8)
        repeats = 0
        // The first of the run were put into a group before it was known to be one.
        group = (0, 0, 0, 0)
        groupCount = 0
    }

    private mutating func endPacked() {
        guard packedHeader >= 0 else { return }
        bytes[packedHeader] = UInt8(packedGroups << 1 | 1)
        packedHeader = -1
        packedGroups = 0
    }
}

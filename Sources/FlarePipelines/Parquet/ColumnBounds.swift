import FlareModel
import Glibc

/// The least and the greatest value of a column chunk, by the order that the format defines for its type.
///
/// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (ColumnOrder)
struct ColumnBounds {
    private let type: SchemaScalar
    /// JSON texts have no useful order.
    private let isOrdered: Bool
    private var isEmpty = true
    /// Of numbers: keys in whose unsigned order the values stand, and the values themselves.
    private var leastKey = UInt64.max
    private var greatestKey = UInt64.min
    private var least: [UInt8] = []
    private var greatest: [UInt8] = []
    private var leastDecimal = Int128.max
    private var greatestDecimal = Int128.min

    /// What the footer says of one end.
    struct Bound: Equatable {
        var bytes: [UInt8]
        var isExact = true
    }

    init(_ type: SchemaScalar) {
        self.type = type
        isOrdered = type != .json
    }

    @inline(__always)
    mutating func add(word: UInt64) {
        isEmpty = false
        let key = Self.key(word, type)
        if key < leastKey { leastKey = key }
        if key > greatestKey { greatestKey = key }
    }

    mutating func add(decimal: Int128) {
        isEmpty = false
        leastDecimal = min(leastDecimal, decimal)
        greatestDecimal = max(greatestDecimal, decimal)
    }

    @inline(__always)
    mutating func add(blob: UnsafeBufferPointer<UInt8>) {
        guard isOrdered else { return }
        if isEmpty {
            isEmpty = false
            least = Array(blob)
            greatest = least
            return
        }
        if least.withUnsafeBufferPointer({ blob.compare($0) }) < 0 { least = Array(blob) }
        if greatest.withUnsafeBufferPointer({ blob.compare($0) }) > 0 { greatest = Array(blob) }
    }

    /// A key in whose unsigned order the values stand; its own inverse is `word`.
    @inline(__always)
    private static func key(_ word: UInt64, _ type: SchemaScalar) -> UInt64 {
        switch type {
        case .int32, .int64, .timestamp: word ^ 1 << 63
        case .float64: word >> 63 == 1 ? ~word : word | 1 << 63
        case .float32: word >> 31 == 1 ? ~word & 0xFFFF_FFFF : word | 1 << 31
        default: word
        }
    }

    private static func word(_ key: UInt64, _ type: SchemaScalar) -> UInt64 {
        switch type {
        case .int32, .int64, .timestamp: key ^ 1 << 63
        case .float64: key >> 63 == 1 ? key & ~(1 << 63) : ~key
        case .float32: key >> 31 == 1 ? key & ~(1 << 31) : ~key & 0xFFFF_FFFF
        default: key
        }
    }

    /// The least value, or something below it; nil when there are no values, or no order.
    var lower: Bound? {
        guard !isEmpty else { return nil }
        switch type {
        case .json: return nil
        case .decimal128: return Bound(bytes: ParquetPlain.bytes(of: leastDecimal))
        case .string, .bytes:
            guard least.count > Limits.parquetBoundBytesMax else { return Bound(bytes: least) }
            return Bound(bytes: Self.beginning(of: least, isText: type == .string), isExact: false)
        default:
            return Bound(bytes: ParquetPlain.bytes(of: zeroChecked(Self.word(leastKey, type), negative: true), type))
        }
    }

    /// The greatest value, or something above it; nil also when nothing short is above it.
    var upper: Bound? {
        guard !isEmpty else { return nil }
        switch type {
        case .json: return nil
        case .decimal128: return Bound(bytes: ParquetPlain.bytes(of: greatestDecimal))
        case .string, .bytes:
            guard greatest.count > Limits.parquetBoundBytesMax else { return Bound(bytes: greatest) }
            let beginning = Self.beginning(of: greatest, isText: type == .string)
            return Self.successor(of: beginning, isText: type == .string).map { Bound(bytes: $0, isExact: false) }
        default:
            return Bound(
                bytes: ParquetPlain.bytes(of: zeroChecked(Self.word(greatestKey, type), negative: false), type)
            )
        }
    }

    /// A least value of +0 is written as -0 and a greatest of -0 as +0, as the format asks.
    private func zeroChecked(_ word: UInt64, negative: Bool) -> UInt64 {
        switch type {
        case .float64 where word << 1 == 0: negative ? 1 << 63 : 0
        case .float32 where word & 0x7FFF_FFFF == 0: negative ? 1 << 31 : 0
        default: word
        }
    }

    private static func beginning(of bytes: [UInt8], isText: Bool) -> [UInt8] {
        var length = Limits.parquetBoundBytesMax
        // A byte 10xxxxxx goes on with the character before it.
        while isText, length > 0, bytes[length] & 0xC0 == 0x80 { length -= 1 }
        return Array(bytes[..<length])
    }

    /// The shortest text or bytes greater than all that begin with `bytes`; nil when there is none.
    private static func successor(of bytes: [UInt8], isText: Bool) -> [UInt8]? {
        guard isText else {
            var rest = bytes
            while let last = rest.popLast() {
                if last < 0xFF { return rest + [last + 1] }
            }
            return nil
        }
        var scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        while let last = scalars.popLast() {
            // Surrogates are no characters: U+DFFF ends where U+E000 begins.
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            guard let scalar = Unicode.Scalar(next) else { continue }
            return Array(String(String.UnicodeScalarView(scalars + [scalar])).utf8)
        }
        return nil
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Below 0 when these bytes come before others, 0 when they are equal.
    @inline(__always)
    func compare(_ other: UnsafeBufferPointer<UInt8>) -> Int {
        guard let left = baseAddress, let right = other.baseAddress else { return count - other.count }
        let order = memcmp(left, right, Swift.min(count, other.count))
        return order == 0 ? count - other.count : Int(order)
    }
}

import FlareModel

/// How the types of a schema are kept in a Parquet file.
///
/// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
enum ParquetPlain {
    /// The physical types, by their numbers in the format.
    enum Physical: Int32 {
        case boolean = 0
        case int32 = 1
        case int64 = 2
        case float = 4
        case double = 5
        case byteArray = 6
        case fixedLengthByteArray = 7
    }

    static let decimalBytes = 16

    static func physical(_ type: SchemaScalar) -> Physical {
        switch type {
        case .bool: .boolean
        case .int32, .uint32: .int32
        case .int64, .uint64, .timestamp: .int64
        case .float32: .float
        case .float64: .double
        case .decimal128: .fixedLengthByteArray
        case .string, .json, .bytes: .byteArray
        }
    }

    /// A number as PLAIN encoding writes it.
    static func bytes(of word: UInt64, _ type: SchemaScalar) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: word, count: width(type))
        return bytes
    }

    /// Two's complement, the highest byte first.
    static func bytes(of decimal: Int128) -> [UInt8] {
        withUnsafeBytes(of: decimal.bigEndian, Array.init)
    }

    /// The bytes of a number; a boolean takes one until its page packs it to a bit.
    static func width(_ type: SchemaScalar) -> Int {
        switch physical(type) {
        case .boolean: 1
        case .int32, .float: 4
        default: 8
        }
    }
}

extension SchemaScalar {
    /// ConvertedType of the format, for readers that know nothing newer; nil where it has none.
    var parquetConvertedType: Int32? {
        switch self {
        case .string: 0
        case .decimal128: 5
        case .timestamp(.second), .timestamp(.millisecond): 9
        case .timestamp(.microsecond): 10
        case .uint32: 13
        case .uint64: 14
        case .int32: 17
        case .int64: 18
        case .json: 19
        case .timestamp(.nanosecond), .bool, .float32, .float64, .bytes: nil
        }
    }

    var hasParquetLogicalType: Bool {
        switch self {
        case .bool, .float32, .float64, .bytes: false
        default: true
        }
    }

    /// The one field of the union LogicalType.
    func writeParquetLogicalType(to thrift: inout ThriftWriter) {
        switch self {
        case .string: thrift.field(1) { _ in }
        case .json: thrift.field(12) { _ in }
        case .decimal128(let precision, let scale):
            thrift.field(5) {
                $0.field(1, Int32(scale))
                $0.field(2, Int32(precision))
            }
        case .timestamp(let unit):
            thrift.field(8) {
                // isAdjustedToUTC: a moment, not the hands of a clock.
                $0.field(1, true)
                $0.field(2) { $0.field(unit.parquetNumber) { _ in } }
            }
        case .int32, .uint32, .int64, .uint64:
            let isSigned = self == .int32 || self == .int64
            let isWide = self == .int64 || self == .uint64
            thrift.field(10) {
                $0.field(1, byte: isWide ? 64 : 32)
                $0.field(2, isSigned)
            }
        case .bool, .float32, .float64, .bytes: break
        }
    }
}

extension SchemaTimeUnit {
    /// The field of the union TimeUnit.
    fileprivate var parquetNumber: Int16 {
        switch stored {
        case .second, .millisecond: 1
        case .microsecond: 2
        case .nanosecond: 3
        }
    }
}

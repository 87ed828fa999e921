import FlareModel

/// One scalar of a checked JSON text, read as a type of a schema.
///
/// The door and the Parquet columns read through this same type, so that what was accepted can be written.
struct ScalarText {
    let kind: JSONKind
    /// A string without its quotes, anything else as it is written.
    let text: UnsafeBufferPointer<UInt8>
    let hasEscapes: Bool

    /// Reads the value at the walker's position and passes it.
    @inline(__always)
    init(_ walker: inout JSONWalker) {
        kind = JSONKind(first: walker.current)
        let start = walker.position
        switch kind {
        case .string:
            hasEscapes = walker.skipString()
            let end = max(walker.position - 1, start + 1)
            text = UnsafeBufferPointer(start: walker.base + start + 1, count: end - start - 1)
        case .object, .array:
            hasEscapes = false
            walker.skipValue()
            text = UnsafeBufferPointer(start: walker.base + start, count: walker.position - start)
        case .number, .boolean, .null:
            hasEscapes = false
            if walker.position < walker.end { walker.skipPlainScalar() }
            text = UnsafeBufferPointer(start: walker.base + start, count: walker.position - start)
        }
    }

    /// Why the value is not of a type; nil when it is.
    ///
    /// `null` is of no type but json.
    func misfit(_ type: SchemaScalar) -> ScalarMisfit? {
        switch type {
        case .json: return nil
        case .bool: return kind == .boolean ? nil : .kind(kind)
        case .string: return kind == .string ? nil : .kind(kind)
        case .int32: return integerMisfit(Int32.self)
        case .int64: return integerMisfit(Int64.self)
        case .uint32: return integerMisfit(UInt32.self)
        case .uint64: return integerMisfit(UInt64.self)
        case .float32:
            guard kind == .number else { return .kind(kind) }
            return float == nil ? .range : nil
        case .float64:
            guard kind == .number else { return .kind(kind) }
            return NumberText(text).double == nil ? .range : nil
        case .decimal128(let precision, let scale):
            guard kind == .number || kind == .string else { return .kind(kind) }
            return decimal(precision: precision, scale: scale) == nil ? .decimal(kind) : nil
        case .timestamp(let unit):
            guard kind == .number || kind == .string else { return .kind(kind) }
            return time(unit) == nil ? (kind == .string ? .time : integerMisfit(Int64.self) ?? .range) : nil
        case .bytes:
            guard kind == .string else { return .kind(kind) }
            return withUnescaped(Base64Text.isValid) ? nil : .base64
        }
    }

    private func integerMisfit<Value: FixedWidthInteger>(_ type: Value.Type) -> ScalarMisfit? {
        guard kind == .number else { return .kind(kind) }
        guard integer(type) == nil else { return nil }
        return DecimalNumber(text).map { !$0.isWhole } == true ? .fraction : .range
    }

    /// A whole number that fits; nil for anything else.
    @inline(__always)
    func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        guard kind == .number else { return nil }
        let number = NumberText(text)
        if Value.self == UInt64.self { return number.uint64.flatMap(Value.init(exactly:)) }
        return number.int64.flatMap(Value.init(exactly:))
    }

    var float: Float? {
        guard kind == .number, let value = NumberText(text).double else { return nil }
        let narrow = Float(value)
        return narrow.isFinite ? narrow : nil
    }

    /// The value times 10^`scale`, where that is whole and has no more than `precision` digits.
    func decimal(precision: Int, scale: Int) -> Int128? {
        let number =
            switch kind {
            case .number: DecimalNumber(text)
            case .string: withUnescaped { DecimalNumber($0) }
            default: DecimalNumber?.none
            }
        guard let number, let magnitude = number.unscaled(scale: scale, precision: precision) else { return nil }
        return number.isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    /// A time in the unit that columns keep it in: RFC 3339 text, or a count of `unit`.
    func time(_ unit: SchemaTimeUnit) -> Int64? {
        if kind == .string { return withUnescaped { TimeText($0)?.count(of: unit.stored) } }
        guard kind == .number, let count = NumberText(text).int64 else { return nil }
        let (value, overflows) = count.multipliedReportingOverflow(by: unit.stored.perSecond / unit.perSecond)
        return overflows ? nil : value
    }

    /// Calls `body` with the characters of a string.
    @inline(__always)
    func withUnescaped<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        hasEscapes ? JSONString.unescaped(text).withUnsafeBufferPointer(body) : body(text)
    }
}

/// Why a value is not of the type that the schema names.
enum ScalarMisfit: Equatable {
    case kind(JSONKind)
    case fraction
    case range
    case decimal(JSONKind)
    case time
    case base64

    /// Completes "expected int32, found …".
    var words: String {
        switch self {
        case .kind(let kind): kind.words
        case .fraction: "a number with a fraction"
        case .range: "a number out of its range"
        case .decimal(.number): "a number that it cannot hold"
        case .decimal: "a string that is no number it can hold"
        case .time: "a string that is no RFC 3339 time in its range"
        case .base64: "a string that is not base64"
        }
    }
}

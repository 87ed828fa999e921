import FlareModel

/// Finds the fields of records that have no schema, from all their values.
///
/// A member whose values have different types becomes a column of JSON texts, so that nothing is lost; so does one
/// that is nested too deep, or always null. Whole numbers and fractions together become doubles only where a double
/// keeps every digit.
struct TypeInference {
    private let root = InferredNode()
    private var walker: JSONWalker
    private var nodeCount = 0
    /// Whether the record has members beyond `Limits.parquetFieldsMax`.
    private(set) var isCut = false

    init(_ lines: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>) {
        walker = JSONWalker(base, range: 0..<lines.count)
    }

    var isAtEnd: Bool { walker.position >= walker.end }

    /// The fields of the records seen so far.
    var fields: [SchemaField] { root.fields }

    /// Looks at the records that begin before a place in the text and have not been seen yet.
    mutating func read(until place: Int) {
        while walker.position < min(place, walker.end) {
            walker.skipWhitespace()
            if walker.position < walker.end { value(root, depth: 0) }
        }
    }

    private mutating func value(_ node: InferredNode, depth: Int) {
        guard !node.isMixed else { return walker.skipValue() }
        let kind = JSONKind(first: walker.current)
        node.add(kind)
        guard !node.isMixed else { return walker.skipValue() }
        switch kind {
        case .object: members(of: node, depth: depth)
        case .array: elements(of: node, depth: depth)
        case .string: walker.skipString()
        case .null, .boolean: walker.skipPlainScalar()
        case .number:
            let start = walker.position
            walker.skipPlainScalar()
            node.add(NumberText(UnsafeBufferPointer(start: walker.base + start, count: walker.position - start)))
        }
    }

    private mutating func members(of node: InferredNode, depth: Int) {
        let start = walker.position
        var expected = 0
        var hasEscapes = false
        while let name = walker.nextMember(hasEscapes: &hasEscapes) {
            if let child = node.names.find(name, in: walker, hasEscapes, expected: expected) {
                expected = child + 1
                value(node.children[child], depth: depth + 1)
            } else if nodeCount < Limits.parquetFieldsMax, depth < Limits.parquetDepthMax {
                nodeCount += 1
                expected = node.names.add(name, in: walker, hasEscapes) + 1
                node.children.append(InferredNode())
                value(node.children[expected - 1], depth: depth + 1)
            } else if depth == 0 {
                isCut = true
                walker.skipValue()
            } else {
                // Its members are too many or too deep: kept as one text.
                node.isMixed = true
                walker.position = start
                return walker.skipValue()
            }
        }
    }

    private mutating func elements(of node: InferredNode, depth: Int) {
        let start = walker.position
        guard node.element != nil || (depth < Limits.parquetDepthMax && nodeCount < Limits.parquetFieldsMax) else {
            node.isMixed = true
            return walker.skipValue()
        }
        if node.element == nil { nodeCount += 1 }
        let element = node.element ?? InferredNode()
        node.element = element
        var isFirst = true
        while walker.nextElement(isFirst: isFirst) {
            isFirst = false
            value(element, depth: depth + 1)
        }
        precondition(walker.position > start, "a walk goes on")
    }
}

/// What has been seen of one member, or of the elements of one array.
private final class InferredNode {
    private enum Seen: UInt8 {
        case nothing, object, array, string, number, boolean
    }

    private var seen = Seen.nothing
    /// Whether its values have no common type but JSON.
    var isMixed = false {
        didSet { if isMixed { (names, children, element) = (NameTable(), [], nil) } }
    }
    var names = NameTable()
    var children: [InferredNode] = []
    var element: InferredNode?

    private var hasFraction = false
    private var hasNegative = false
    /// Whether a whole number lies above an int64, and above or below all 64 bits.
    private var needsUnsigned = false
    private var isBeyondIntegers = false
    private var isBeyondDoubles = false

    func add(_ kind: JSONKind) {
        let now: Seen
        switch kind {
        case .null: return
        case .object: now = .object
        case .array: now = .array
        case .string: now = .string
        case .number: now = .number
        case .boolean: now = .boolean
        }
        if seen != now {
            if seen != .nothing { isMixed = true }
            seen = now
        }
    }

    func add(_ number: NumberText) {
        if !isBeyondDoubles, !number.isKeptByDouble { isBeyondDoubles = true }
        guard number.isInteger else { return hasFraction = true }
        if number.isNegative { hasNegative = true }
        if number.int64 == nil {
            if number.uint64 == nil { isBeyondIntegers = true } else { needsUnsigned = true }
        }
    }

    var fields: [SchemaField] {
        zip(0..., children).map { index, child in
            SchemaField(name: String(decoding: names[index], as: UTF8.self), type: child.type)
        }
    }

    private var type: SchemaType {
        guard !isMixed else { return .scalar(.json) }
        switch seen {
        case .nothing: return .scalar(.json)
        // Parquet has no group without fields.
        case .object: return children.isEmpty ? .scalar(.json) : .structure(fields)
        case .array: return .list(element?.type ?? .scalar(.json), required: false)
        case .string: return .scalar(.string)
        case .boolean: return .scalar(.bool)
        case .number: return .scalar(numberType)
        }
    }

    private var numberType: SchemaScalar {
        if !hasFraction, !isBeyondIntegers {
            if !needsUnsigned { return .int64 }
            if !hasNegative { return .uint64 }
        }
        return isBeyondDoubles ? .json : .float64
    }
}

extension NameTable {
    /// Adds a name as it is written in a record; returns its place.
    mutating func add(_ name: Range<Int>, in walker: JSONWalker, _ hasEscapes: Bool) -> Int {
        let written = UnsafeBufferPointer(start: walker.base + name.lowerBound, count: name.count)
        guard hasEscapes else { return add(written) }
        return JSONString.unescaped(written).withUnsafeBufferPointer { add($0) }
    }
}

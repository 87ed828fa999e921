/// Writes Thrift's compact protocol, in which the headers and the footer of a Parquet file are written.
///
/// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md . Fields must be written in the
/// order of their numbers.
struct ThriftWriter {
    private(set) var bytes: [UInt8] = []
    /// The number of the last field, for each structure that is open.
    private var lastFields: [Int16] = [0]

    enum WireType: UInt8 {
        case boolTrue = 1, boolFalse, int8, int16, int32, int64, double, binary, list, set, map, structure
    }

    mutating func field(_ number: Int16, _ value: Bool) {
        header(number, value ? .boolTrue : .boolFalse)
    }

    mutating func field(_ number: Int16, byte value: Int8) {
        header(number, .int8)
        bytes.append(UInt8(bitPattern: value))
    }

    mutating func field(_ number: Int16, _ value: Int16) {
        header(number, .int16)
        zigzag(Int64(value))
    }

    mutating func field(_ number: Int16, _ value: Int32) {
        header(number, .int32)
        zigzag(Int64(value))
    }

    mutating func field(_ number: Int16, _ value: Int64) {
        header(number, .int64)
        zigzag(value)
    }

    mutating func field(_ number: Int16, _ value: some Collection<UInt8>) {
        header(number, .binary)
        element(value)
    }

    mutating func field(_ number: Int16, _ body: (inout ThriftWriter) -> Void) {
        header(number, .structure)
        structure(body)
    }

    /// A list of structures; `body` writes the fields of one.
    mutating func field<Element>(
        _ number: Int16,
        structures elements: [Element],
        body: (inout ThriftWriter, Element) -> Void
    ) {
        list(number, of: .structure, count: elements.count)
        for element in elements { structure { body(&$0, element) } }
    }

    mutating func field(_ number: Int16, integers elements: [Int32]) {
        list(number, of: .int32, count: elements.count)
        for element in elements { zigzag(Int64(element)) }
    }

    mutating func field(_ number: Int16, strings elements: [[UInt8]]) {
        list(number, of: .binary, count: elements.count)
        for element in elements { self.element(element) }
    }

    /// A structure that is not a field: the outermost one, or an element of a list.
    mutating func structure(_ body: (inout ThriftWriter) -> Void) {
        lastFields.append(0)
        body(&self)
        lastFields.removeLast()
        bytes.append(0)
    }

    private mutating func header(_ number: Int16, _ type: WireType) {
        let last = lastFields.count - 1
        let step = number - lastFields[last]
        precondition(step > 0, "fields are written in the order of their numbers")
        lastFields[last] = number
        if step <= 15 {
            bytes.append(UInt8(step) << 4 | type.rawValue)
        } else {
            bytes.append(type.rawValue)
            zigzag(Int64(number))
        }
    }

    private mutating func list(_ number: Int16, of type: WireType, count: Int) {
        header(number, .list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | type.rawValue)
        } else {
            bytes.append(0xF0 | type.rawValue)
            bytes.append(variableLength: UInt64(count))
        }
    }

    private mutating func element(_ value: some Collection<UInt8>) {
        bytes.append(variableLength: UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func zigzag(_ value: Int64) {
        bytes.append(variableLength: UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}

extension [UInt8] {
    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    mutating func append(variableLength value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// The lowest `count` bytes of a word, the lowest first.
    @inline(__always)
    mutating func append(littleEndian word: UInt64, count: Int) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0.prefix(count)) }
    }
}

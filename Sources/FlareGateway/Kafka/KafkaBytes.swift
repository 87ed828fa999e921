/// Reads the parts of record batches and message sets, with every access checked.
struct KafkaBytes {
    let all: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    init(_ all: UnsafeBufferPointer<UInt8>) {
        self.all = all
    }

    var remaining: Int { all.count - position }
    var isAtEnd: Bool { position == all.count }

    /// A big-endian integer.
    @inline(__always)
    mutating func integer<T: FixedWidthInteger>(as type: T.Type = T.self) throws(KafkaFault) -> T {
        let count = MemoryLayout<T>.size
        guard remaining >= count, let base = all.baseAddress else { throw Self.cutOff }
        let value = UnsafeRawPointer(base + position).loadUnaligned(as: T.self)
        position += count
        return T(bigEndian: value)
    }

    /// A signed number in groups of seven bits, the lowest first, with the sign in the lowest bit.
    ///
    /// https://protobuf.dev/programming-guides/encoding/#signed-ints
    @inline(__always)
    mutating func varlong() throws(KafkaFault) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < all.count {
            let byte = all[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
            guard shift < 64 else { throw KafkaFault(.invalidRecord, "a variable-length number is too long") }
        }
        throw Self.cutOff
    }

    /// As `varlong`, of 32 bits.
    @inline(__always)
    mutating func varint() throws(KafkaFault) -> Int {
        let value = try varlong()
        guard value == Int64(Int32(truncatingIfNeeded: value)) else {
            throw KafkaFault(.invalidRecord, "a variable-length number is too long")
        }
        return Int(value)
    }

    /// The next `count` bytes; nil for the count -1, which stands for null.
    @inline(__always)
    mutating func bytes(_ count: Int) throws(KafkaFault) -> UnsafeBufferPointer<UInt8>? {
        guard count >= 0 else {
            if count == -1 { return nil }
            throw KafkaFault(.invalidRecord, "a length is \(count)")
        }
        guard count <= remaining else { throw Self.cutOff }
        defer { position += count }
        return UnsafeBufferPointer(rebasing: all[position..<(position + count)])
    }

    private static let cutOff = KafkaFault(.invalidRecord, "a record is cut off")
}

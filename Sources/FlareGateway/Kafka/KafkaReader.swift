import FlareModel
import NIOCore

/// Reads the fields of a request one after the other.
///
/// https://kafka.apache.org/protocol.html#protocol_types . Throws when the bytes end or a length makes no sense.
struct KafkaReader {
    private(set) var buffer: ByteBuffer
    /// Whether lengths are compact and tagged fields follow each structure.
    var isFlexible = false

    init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    mutating func integer<T: FixedWidthInteger>(as type: T.Type = T.self) throws(KafkaMalformed) -> T {
        guard let value = buffer.readInteger(as: type) else { throw KafkaMalformed("the request is cut off") }
        return value
    }

    mutating func bool() throws(KafkaMalformed) -> Bool { try integer(as: UInt8.self) != 0 }

    mutating func skip(_ count: Int) throws(KafkaMalformed) {
        guard buffer.readSlice(length: count) != nil else { throw KafkaMalformed("the request is cut off") }
    }

    /// An unsigned number of 32 bits in groups of seven, the lowest first.
    mutating func unsignedVarint() throws(KafkaMalformed) -> UInt32 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 28, by: 7) {
            let byte = try integer(as: UInt8.self)
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else {
                guard let value = UInt32(exactly: value) else { break }
                return value
            }
        }
        throw KafkaMalformed("a variable-length number is too long")
    }

    mutating func string() throws(KafkaMalformed) -> String {
        guard let text = try nullableString() else { throw KafkaMalformed("a text that is required is null") }
        return text
    }

    mutating func nullableString() throws(KafkaMalformed) -> String? {
        isFlexible ? try text(bytes: compactLength()) : try plainString()
    }

    /// A text with a length of 16 bits, whatever the version is; the header's client id is one.
    mutating func plainString() throws(KafkaMalformed) -> String? {
        try text(bytes: Int(integer(as: Int16.self)))
    }

    private mutating func text(bytes count: Int) throws(KafkaMalformed) -> String? {
        if count == -1 { return nil }
        guard count >= 0, let text = buffer.readString(length: count) else {
            throw KafkaMalformed("a text is cut off")
        }
        return text
    }

    /// A view of the request's own bytes; nil for null.
    mutating func nullableBytes() throws(KafkaMalformed) -> ByteBuffer? {
        let count = isFlexible ? try compactLength() : Int(try integer(as: Int32.self))
        if count == -1 { return nil }
        guard count >= 0, let bytes = buffer.readSlice(length: count) else {
            throw KafkaMalformed("bytes are cut off")
        }
        return bytes
    }

    /// The number of elements that follow; nil for a null array.
    mutating func nullableCount() throws(KafkaMalformed) -> Int? {
        let count = isFlexible ? try compactLength() : Int(try integer(as: Int32.self))
        if count == -1 { return nil }
        guard count >= 0, count <= Limits.kafkaArrayCountMax else {
            throw KafkaMalformed("an array of \(count) elements; \(Limits.kafkaArrayCountMax) are allowed")
        }
        return count
    }

    /// The elements of an array; a null one has none.
    mutating func array<Element>(
        _ read: (inout KafkaReader) throws(KafkaMalformed) -> Element
    ) throws(KafkaMalformed) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<(try nullableCount() ?? 0) { elements.append(try read(&self)) }
        return elements
    }

    /// Passes the tagged fields at the end of a structure: none of them is needed here.
    mutating func skipTags() throws(KafkaMalformed) {
        guard isFlexible else { return }
        for _ in 0..<(try unsignedVarint()) {
            _ = try unsignedVarint()
            try skip(Int(try unsignedVarint()))
        }
    }

    /// Compact lengths are one higher than the length, so that 0 is null.
    private mutating func compactLength() throws(KafkaMalformed) -> Int { Int(try unsignedVarint()) - 1 }
}

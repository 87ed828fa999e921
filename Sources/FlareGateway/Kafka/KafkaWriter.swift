import NIOCore

/// Writes a response, field after field, with its length and header.
struct KafkaWriter {
    private var buffer: ByteBuffer
    private let isFlexible: Bool

    /// Begins the response to a request.
    init(answering header: KafkaRequestHeader, capacity: Int = 256) {
        isFlexible = header.api.isFlexible(header.version)
        buffer = ByteBufferAllocator().buffer(capacity: capacity)
        buffer.writeInteger(Int32(0))
        buffer.writeInteger(header.correlationID)
        if header.api.hasFlexibleReplyHeader(header.version) { tags() }
    }

    mutating func integer(_ value: some FixedWidthInteger) { buffer.writeInteger(value) }

    mutating func error(_ code: KafkaErrorCode) { buffer.writeInteger(code.rawValue) }

    mutating func bool(_ value: Bool) { buffer.writeInteger(UInt8(value ? 1 : 0)) }

    mutating func string(_ text: String?) {
        let text = text.map { $0.utf8.count > Int(Int16.max) ? String($0.prefix(8_000)) : $0 }
        if isFlexible {
            unsignedVarint(UInt32((text?.utf8.count ?? -1) + 1))
        } else {
            buffer.writeInteger(Int16(text?.utf8.count ?? -1))
        }
        if let text { buffer.writeString(text) }
    }

    mutating func bytes(_ bytes: [UInt8]?) {
        if isFlexible {
            unsignedVarint(UInt32((bytes?.count ?? -1) + 1))
        } else {
            buffer.writeInteger(Int32(bytes?.count ?? -1))
        }
        if let bytes { buffer.writeBytes(bytes) }
    }

    /// Begins an array; its elements follow.
    mutating func count(_ count: Int) {
        if isFlexible { unsignedVarint(UInt32(count + 1)) } else { buffer.writeInteger(Int32(count)) }
    }

    mutating func array<Element>(_ elements: [Element], _ write: (inout KafkaWriter, Element) -> Void) {
        count(elements.count)
        for element in elements { write(&self, element) }
    }

    mutating func numbers(_ values: [Int32]) { array(values) { $0.integer($1) } }

    /// A universally unique identifier of zeros: this broker names topics by name only.
    mutating func noUUID() { buffer.writeRepeatingByte(0, count: 16) }

    /// Ends a structure: there are no tagged fields.
    mutating func tags() {
        if isFlexible { buffer.writeInteger(UInt8(0)) }
    }

    /// The whole response.
    consuming func finish() -> ByteBuffer {
        buffer.setInteger(Int32(buffer.writerIndex - 4), at: 0)
        return buffer
    }

    private mutating func unsignedVarint(_ value: UInt32) {
        var rest = value
        while rest > 0x7F {
            buffer.writeInteger(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }
}

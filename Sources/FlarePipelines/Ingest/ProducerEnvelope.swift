package import FlareModel
package import NIOCore

/// What a producer that counts its messages puts around its records: `{"seq":7,"records":[…]}`.
///
/// `records` is an array of records or a single one. The members come in any order; others than these two are refused,
/// so that a misspelt one is noticed.
package struct ProducerEnvelope: Sendable, Equatable {
    /// The producer's own number of the message, 0 or more.
    package let sequence: Int64
    /// Where the records stand, as offsets from the first byte of the message.
    package let records: Range<Int>

    /// Reads an envelope by scanning: no value is built.
    ///
    /// Throws `invalidData` when the message is not such an object.
    package static func read(_ message: ByteBuffer) throws(FlareError) -> ProducerEnvelope {
        let result = message.withUnsafeReadableBytes { bytes in
            Result { () throws(EnvelopeFault) in
                var scanner = EnvelopeScanner(bytes.assumingMemoryBound(to: UInt8.self))
                return try scanner.scan()
            }
        }
        return try result.mapError { fault in
            FlareError(
                .invalidData,
                "the message cannot be used: \(fault.words)",
                hint: #"a producer's message is {"seq":NUMBER,"records":[…]}"#
            )
        }.get()
    }
}

/// Why a message is not an envelope.
private enum EnvelopeFault: Error {
    case syntax(JSONFault)
    case shape(String)

    var words: String {
        switch self {
        case .syntax(let fault): "it is not valid JSON: \(fault.words)"
        case .shape(let words): words
        }
    }
}

/// One pass over the members of an envelope.
private struct EnvelopeScanner {
    private var text: JSONScanner
    private var sequence: Int64?
    private var records: Range<Int>?

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        text = JSONScanner(bytes, range: 0..<bytes.count)
    }

    mutating func scan() throws(EnvelopeFault) -> ProducerEnvelope {
        guard try peek() == UInt8(ascii: "{") else { throw .shape("it is not an object") }
        text.position += 1
        if try peek() != UInt8(ascii: "}") {
            try scanMember()
            while try peek() == UInt8(ascii: ",") {
                text.position += 1
                try scanMember()
            }
        }
        guard try peek() == UInt8(ascii: "}") else { throw .syntax(text.fault(.unexpected)) }
        text.position += 1
        text.skipWhitespace()
        guard text.isAtEnd else { throw .syntax(text.fault(.trailing)) }
        guard let sequence else { throw .shape("it has no \"seq\"") }
        guard let records else { throw .shape("it has no \"records\"") }
        return ProducerEnvelope(sequence: sequence, records: records)
    }

    private mutating func scanMember() throws(EnvelopeFault) {
        guard try peek() == UInt8(ascii: "\"") else { throw .syntax(text.fault(.unexpected)) }
        let name = try skip { (text: inout JSONScanner) throws(JSONFault) in try text.skipString() }
        guard try peek() == UInt8(ascii: ":") else { throw .syntax(text.fault(.unexpected)) }
        text.position += 1
        if isName(name, "\"seq\"") {
            guard sequence == nil else { throw .shape("it has \"seq\" twice") }
            sequence = try scanSequence()
        } else if isName(name, "\"records\"") {
            guard records == nil else { throw .shape("it has \"records\" twice") }
            records = try scanRecords()
        } else {
            throw .shape("it has a member other than \"seq\" and \"records\"")
        }
    }

    private mutating func scanSequence() throws(EnvelopeFault) -> Int64 {
        let range = try skip { (text: inout JSONScanner) throws(JSONFault) in try text.skipValue() }
        var value: Int64 = 0
        for byte in text.bytes[range] {
            let digit = byte &- UInt8(ascii: "0")
            let (product, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let (sum, hasOverflownToo) = product.addingReportingOverflow(Int64(digit))
            guard digit < 10, !hasOverflown, !hasOverflownToo else {
                throw .shape("\"seq\" is not a whole number from 0 to \(Int64.max)")
            }
            value = sum
        }
        return value
    }

    private mutating func scanRecords() throws(EnvelopeFault) -> Range<Int> {
        let first = try peek()
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else {
            throw .shape("\"records\" is neither an array nor an object")
        }
        return try skip { (text: inout JSONScanner) throws(JSONFault) in try text.skipValue() }
    }

    /// The next byte that is not whitespace.
    private mutating func peek() throws(EnvelopeFault) -> UInt8 {
        text.skipWhitespace()
        do throws(JSONFault) { return try text.peek() } catch { throw .syntax(error) }
    }

    /// Passes whitespace and a value, and returns where the value stands.
    private mutating func skip(
        _ body: (inout JSONScanner) throws(JSONFault) -> Void
    ) throws(EnvelopeFault) -> Range<Int> {
        text.skipWhitespace()
        let start = text.position
        do throws(JSONFault) { try body(&text) } catch { throw .syntax(error) }
        return start..<text.position
    }

    private func isName(_ range: Range<Int>, _ name: StaticString) -> Bool {
        range.count == name.utf8CodeUnitCount
            && text.bytes[range].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: range.count))
    }
}

/// Writes what a Kafka record has besides its value, as a member to be put into the value's object.
///
/// ```
/// "_kafka":{"key":"a","timestamp":1700000000000,"headers":[{"key":"trace","value":"7"}]}
/// ```
/// Text that is UTF-8 becomes a JSON string, other bytes `{"base64":"…"}`, null stays null. Headers are a list, because
/// their names may repeat and their order counts.
struct KafkaMembers {
    /// Of the record that was set last.
    private(set) var bytes: [UInt8] = []

    mutating func set(_ record: KafkaRecord) {
        bytes.removeAll(keepingCapacity: true)
        write("\"_kafka\":{\"key\":")
        write(record.key)
        write(",\"timestamp\":")
        if let timestamp = record.timestamp { bytes += String(timestamp).utf8 } else { write("null") }
        write(",\"headers\":[")
        var isFirst = true
        for header in record.headers {
            if !isFirst { write(",") }
            isFirst = false
            write("{\"key\":")
            write(header.key)
            write(",\"value\":")
            write(header.value)
            write("}")
        }
        write("]}")
    }

    private mutating func write(_ text: StaticString) {
        bytes += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private mutating func write(_ value: UnsafeBufferPointer<UInt8>?) {
        guard let value else { return write("null") }
        if Self.isUTF8(value) {
            writeString(value)
        } else {
            write("{\"base64\":\"")
            writeBase64(value)
            write("\"}")
        }
    }

    /// RFC 8259 §7: quotation mark, reverse solidus and control characters must be escaped.
    private mutating func writeString(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            } else if byte < 0x20 {
                let digits = Array("0123456789abcdef".utf8)
                write("\\u00")
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            } else {
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// RFC 4648 §4.
    private mutating func writeBase64(_ value: UnsafeBufferPointer<UInt8>) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for start in stride(from: 0, to: value.count, by: 3) {
            let count = min(3, value.count - start)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < count ? UInt32(value[start + index]) : 0) }
            for index in 0..<4 {
                let character = alphabet[Int(group >> UInt32(18 - 6 * index)) & 63]
                bytes.append(index <= count ? character : UInt8(ascii: "="))
            }
        }
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }
}

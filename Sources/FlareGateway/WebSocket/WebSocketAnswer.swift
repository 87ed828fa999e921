import FlareModel
import NIOCore

/// What became of one message or of several in a row, as it is told to the client.
struct WebSocketAnswer {
    var messages: Int
    var committed = 0
    /// Where the first record stands in the stream; nil when there is none, or when it was stored before.
    var offset: Int64?
    var refused: [RefusedRecord] = []
    var refusedCount = 0
    var error: FlareError?
    /// The records were stored when the message was sent for the first time.
    var isDuplicate = false
    /// The producer's number of the last message; the answer covers all up to it.
    var sequence: Int64?
    /// The number from which the producer must send again.
    var resume: Int64?

    /// Appends the JSON object, written by hand.
    func write(to bytes: inout ByteBuffer) {
        bytes.writeStaticString("{\"committed\":")
        bytes.writeDecimal(Int64(committed))
        bytes.writeStaticString(",\"offset\":")
        if let offset { bytes.writeDecimal(offset) } else { bytes.writeStaticString("null") }
        bytes.writeStaticString(",\"refused\":[")
        for (index, record) in refused.enumerated() {
            bytes.writeStaticString(index == 0 ? "{\"index\":" : ",{\"index\":")
            bytes.writeDecimal(Int64(record.index))
            bytes.writeStaticString(",\"reason\":")
            bytes.writeJSON(record.reason)
            bytes.writeStaticString("}")
        }
        bytes.writeStaticString("]")
        if refusedCount > refused.count { write("refused_count", Int64(refusedCount), to: &bytes) }
        if let error { write(error, to: &bytes) }
        if isDuplicate { bytes.writeStaticString(",\"duplicate\":true") }
        write("messages", Int64(messages), to: &bytes)
        if let sequence { write("seq", sequence, to: &bytes) }
        if let resume { write("resume", resume, to: &bytes) }
        bytes.writeStaticString("}")
    }

    private func write(_ error: FlareError, to bytes: inout ByteBuffer) {
        bytes.writeStaticString(",\"error\":{\"code\":")
        bytes.writeJSON(error.code.spelling)
        bytes.writeStaticString(",\"message\":")
        bytes.writeJSON(error.message)
        bytes.writeStaticString("}")
        guard error.code == .tooManyRequests || error.code == .diskFull else { return }
        write("retry_after", Int64(Limits.ingestRetryAfterSeconds), to: &bytes)
    }

    private func write(_ name: StaticString, _ value: Int64, to bytes: inout ByteBuffer) {
        bytes.writeStaticString(",\"")
        bytes.writeStaticString(name)
        bytes.writeStaticString("\":")
        bytes.writeDecimal(value)
    }

    /// Tells a producer where it stands: the last number that is durable, or null for one that is new.
    static func greeting(producer: String, sequence: Int64?) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeStaticString("{\"producer\":")
        bytes.writeJSON(producer)
        bytes.writeStaticString(",\"seq\":")
        if let sequence { bytes.writeDecimal(sequence) } else { bytes.writeStaticString("null") }
        bytes.writeStaticString("}")
        return bytes
    }
}

extension ByteBuffer {
    /// Appends a number of 0 or more in decimal digits.
    fileprivate mutating func writeDecimal(_ value: Int64) {
        guard value > 9 else {
            writeInteger(UInt8(ascii: "0") + UInt8(max(value, 0)))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = digits.count
            var rest = value
            while rest > 0 {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            _ = writeBytes(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[start...])))
        }
    }

    /// Appends a JSON string.
    fileprivate mutating func writeJSON(_ text: String) {
        let hexadecimal = Array("0123456789abcdef".utf8)
        writeInteger(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                writeBytes([UInt8(ascii: "\\"), byte])
            case 0..<0x20:
                writeStaticString("\\u00")
                writeBytes([hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]])
            default:
                writeInteger(byte)
            }
        }
        writeInteger(UInt8(ascii: "\""))
    }
}

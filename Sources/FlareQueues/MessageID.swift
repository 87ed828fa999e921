/// The ids of messages: 32 hexadecimal digits, kept when a message moves to another queue.
///
/// A message that was sent has half the id of its queue and its sequence for an id, so that ids cost neither random
/// bytes nor room in rows.
enum MessageID {
    /// The id of the message that was sent to a queue with this sequence.
    static func text(queueID: String, sequence: Int64) -> String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            var index = 0
            for digit in queueID.utf8.prefix(16) {
                buffer[index] = digit
                index += 1
            }
            return index + write(UInt64(bitPattern: sequence), to: buffer, at: index)
        }
    }

    /// The sequence that an id of this queue tells; nil for the id of a message that came from elsewhere.
    static func sequence(of id: String, queueID: String) -> Int64? {
        guard id.utf8.count == 32, id.utf8.prefix(16).elementsEqual(queueID.utf8.prefix(16)) else { return nil }
        return Int64(id.suffix(16), radix: 16)
    }

    /// The 16 bytes of an id; nil when it is none.
    static func bytes(_ id: String) -> [UInt8]? {
        guard id.utf8.count == 32 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(16)
        var high: UInt8?
        for digit in id.utf8 {
            guard let value = value(of: digit) else { return nil }
            if let upper = high {
                result.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return result
    }

    /// Writes 16 digits and returns their number.
    static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - index * 4)) & 15
            buffer[start + index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
        return 16
    }

    /// What a hexadecimal digit counts.
    static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

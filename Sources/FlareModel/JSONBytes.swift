/// JSON text looked at where it lies: whether it is whole, and where the members of an object are.
///
/// For bodies of messages, which go on byte for byte: nothing is decoded, and numbers of any size stay what they are.
package struct JSONBytes {
    /// Arrays and objects inside one another; as deep as the decoder of the platform goes.
    private static let depthMax = 512

    /// A member of an object, in the order of the text.
    package struct Member {
        /// The name with its escapes resolved.
        package let name: String
        /// Where its value lies, without blanks around it.
        package let value: Range<Int>
    }

    /// Whether the bytes are exactly one JSON value, with or without blanks around it.
    ///
    /// That strings are UTF-8 is not looked at.
    package static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        let checked = bytes.withContiguousStorageIfAvailable { isWhole($0) }
        return checked ?? Array(bytes).withUnsafeBufferPointer { isWhole($0) }
    }

    /// The members of an object; nil when the bytes are anything else.
    package static func members(of bytes: [UInt8]) -> [Member]? {
        bytes.withUnsafeBufferPointer { buffer in
            guard isWhole(buffer) else { return nil }
            var scanner = Scanner(buffer)
            scanner.skipBlanks()
            guard scanner.take(UInt8(ascii: "{")) else { return nil }
            scanner.skipBlanks()
            if scanner.take(UInt8(ascii: "}")) { return [] }
            var members: [Member] = []
            repeat {
                scanner.skipBlanks()
                let start = scanner.position
                guard scanner.string(), let name = string(bytes[start..<scanner.position]) else { return nil }
                scanner.skipBlanks()
                guard scanner.take(UInt8(ascii: ":")) else { return nil }
                scanner.skipBlanks()
                let value = scanner.position
                guard scanner.value() else { return nil }
                members.append(Member(name: name, value: value..<scanner.position))
                scanner.skipBlanks()
            } while scanner.take(UInt8(ascii: ","))
            return members
        }
    }

    /// What a JSON string says; nil when the bytes are none.
    package static func string(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        let inner = bytes.dropFirst().dropLast()
        // Nearly all strings have nothing to resolve.
        if bytes.count >= 2, !inner.contains(UInt8(ascii: "\\")) { return String(validating: inner, as: UTF8.self) }
        return (try? JSONValue(json: bytes))?.stringValue
    }

    private static func isWhole(_ buffer: UnsafeBufferPointer<UInt8>) -> Bool {
        var scanner = Scanner(buffer)
        scanner.skipBlanks()
        guard scanner.value() else { return false }
        scanner.skipBlanks()
        return scanner.isAtEnd
    }

    /// One pass over the bytes.
    private struct Scanner {
        private let bytes: UnsafeBufferPointer<UInt8>
        private(set) var position = 0

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { position == bytes.count }

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipBlanks() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        /// A value, with all that is inside it.
        mutating func value() -> Bool {
            // What closes each array and object that is open.
            var open: [UInt8] = []
            while true {
                switch next {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    let isObject = bytes[position] == UInt8(ascii: "{")
                    guard open.count < JSONBytes.depthMax else { return false }
                    position += 1
                    skipBlanks()
                    let end = UInt8(ascii: isObject ? "}" : "]")
                    if !take(end) {
                        open.append(end)
                        if isObject, !name() { return false }
                        continue
                    }
                case UInt8(ascii: "\""): guard string() else { return false }
                case UInt8(ascii: "t"): guard word("true") else { return false }
                case UInt8(ascii: "f"): guard word("false") else { return false }
                case UInt8(ascii: "n"): guard word("null") else { return false }
                default: guard number() else { return false }
                }
                // Behind a value: ends of what is open, or a comma and the next value.
                while true {
                    guard let end = open.last else { return true }
                    skipBlanks()
                    if take(end) {
                        open.removeLast()
                        continue
                    }
                    guard take(UInt8(ascii: ",")) else { return false }
                    skipBlanks()
                    if end == UInt8(ascii: "}"), !name() { return false }
                    break
                }
            }
        }

        /// The name of a member and its colon.
        private mutating func name() -> Bool {
            guard string() else { return false }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { return false }
            skipBlanks()
            return true
        }

        mutating func string() -> Bool {
            guard take(UInt8(ascii: "\"")) else { return false }
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return true
                case UInt8(ascii: "\\"): guard escape() else { return false }
                case 0..<0x20: return false
                default: break
                }
            }
            return false
        }

        private mutating func escape() -> Bool {
            guard let byte = next else { return false }
            position += 1
            switch byte {
            case UInt8(ascii: "u"):
                guard position + 4 <= bytes.count else { return false }
                for _ in 0..<4 {
                    guard isHexadecimal(bytes[position]) else { return false }
                    position += 1
                }
                return true
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                return true
            default: return false
            }
        }

        private func isHexadecimal(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
        }

        private mutating func word(_ word: StaticString) -> Bool {
            let count = word.utf8CodeUnitCount
            guard position + count <= bytes.count else { return false }
            for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
            position += count
            return true
        }

        private mutating func number() -> Bool {
            _ = take(UInt8(ascii: "-"))
            if !take(UInt8(ascii: "0")) { guard digits() else { return false } }
            if take(UInt8(ascii: ".")) { guard digits() else { return false } }
            if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
                if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
                return digits()
            }
            return true
        }

        private mutating func digits() -> Bool {
            let start = position
            while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
            return position > start
        }
    }
}

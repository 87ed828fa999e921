import FlareModel
import FlarePipelines

/// Reading the bodies of busy routes in one pass over their bytes, without values in between.
extension JSONScanner {
    /// Calls `body` with the name of each member of an object; `body` passes the value.
    mutating func members(_ body: (String, inout JSONScanner) throws -> Void) throws {
        skipWhitespace()
        guard try peek() == UInt8(ascii: "{") else { throw fault(.unexpected) }
        position += 1
        skipWhitespace()
        guard try peek() != UInt8(ascii: "}") else {
            position += 1
            return
        }
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw fault(.unexpected) }
            let name = try string()
            skipWhitespace()
            guard try peek() == UInt8(ascii: ":") else { throw fault(.unexpected) }
            position += 1
            skipWhitespace()
            try body(name, &self)
            guard try another(before: UInt8(ascii: "}")) else { return }
            skipWhitespace()
        }
    }

    /// Calls `body` before each element of an array; `body` passes the element.
    mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws {
        skipWhitespace()
        guard try peek() == UInt8(ascii: "[") else { throw fault(.unexpected) }
        position += 1
        skipWhitespace()
        guard try peek() != UInt8(ascii: "]") else {
            position += 1
            return
        }
        while true {
            try body(&self)
            guard try another(before: UInt8(ascii: "]")) else { return }
        }
    }

    /// Passes a comma, or the bracket that closes.
    private mutating func another(before close: UInt8) throws -> Bool {
        skipWhitespace()
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == close else { throw fault(.unexpected) }
        position += 1
        return byte != close
    }

    /// Passes a string and returns what it says.
    mutating func string() throws -> String {
        let written = try writtenString()
        guard written.contains(UInt8(ascii: "\\")) else { return String(decoding: written, as: UTF8.self) }
        return String(decoding: JSONString.unescaped(written), as: UTF8.self)
    }

    /// Passes a string and returns the UTF-8 of what it says.
    mutating func stringBytes() throws -> [UInt8] {
        let written = try writtenString()
        return written.contains(UInt8(ascii: "\\")) ? JSONString.unescaped(written) : Array(written)
    }

    /// Passes a string and returns what stands between its quotes.
    private mutating func writtenString() throws -> UnsafeBufferPointer<UInt8> {
        let start = position + 1
        try skipString()
        return UnsafeBufferPointer(rebasing: bytes[start..<(position - 1)])
    }

    /// Passes any value and returns its text.
    mutating func text() throws -> UnsafeBufferPointer<UInt8> {
        skipWhitespace()
        let start = position
        try skipValue()
        return UnsafeBufferPointer(rebasing: bytes[start..<position])
    }

    /// Passes a string, or null for nil; throws `invalidData` that names the field for anything else.
    mutating func optionalString(_ field: String) throws -> String? {
        if try peek() == UInt8(ascii: "\"") { return try string() }
        guard try text().elementsEqual("null".utf8) else { throw Self.misfit(field, "a string") }
        return nil
    }

    /// Passes a whole number, or null for nil; throws `invalidData` that names the field for anything else.
    mutating func optionalInteger(_ field: String) throws -> Int? {
        let text = try text()
        if text.elementsEqual("null".utf8) { return nil }
        let written = String(decoding: text, as: UTF8.self)
        if let value = Int(written) { return value }
        guard let value = Double(written), value.rounded() == value, abs(value) < 9e15 else {
            throw Self.misfit(field, "a whole number")
        }
        return Int(value)
    }

    static func misfit(_ field: String, _ kind: String) -> FlareError {
        FlareError(.invalidData, "the field \"\(field)\" is not \(kind)").numbered(10207)
    }

    /// Reads a whole body; throws `invalidData` that says where it is not JSON.
    static func read<Value>(
        _ bytes: [UInt8],
        _ body: (inout JSONScanner) throws -> Value
    ) throws -> Value {
        try bytes.withUnsafeBufferPointer { bytes in
            do {
                var scanner = JSONScanner(bytes, range: 0..<bytes.count)
                let value = try body(&scanner)
                scanner.skipWhitespace()
                guard scanner.isAtEnd else { throw scanner.fault(.trailing) }
                return value
            } catch let fault as JSONFault {
                throw FlareError(.invalidData, "the body is not valid JSON: \(fault.words)").numbered(10208)
            }
        }
    }
}

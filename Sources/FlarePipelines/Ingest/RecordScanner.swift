import FlareModel

/// How a body separates its records.
package enum BodyForm: Sendable {
    /// A JSON array, one JSON object, or objects one a line: told apart by looking.
    case detect
    /// One object a line, whatever the first line holds: the body was declared as NDJSON.
    case lines
}

/// Splits a body into records and checks each, in one pass over the bytes.
///
/// A record is a JSON object of at most `Limits.recordBytesMax` bytes. In an array or a lone object an error of syntax
/// spoils the whole body, for nothing after it can be trusted; among lines it refuses only its own line.
struct RecordScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let schema: SchemaValidator?
    private var batch: IngestBatch
    private var index = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, batch: consuming IngestBatch) {
        self.bytes = bytes
        schema = batch.rules.schema
        self.batch = batch
    }

    /// Walks over a whole body and adds what it finds to `batch`.
    ///
    /// Throws `invalidData` when the body as such cannot be used; what was found before is in `batch` then.
    static func scan(
        _ bytes: UnsafeBufferPointer<UInt8>,
        form: BodyForm,
        into batch: inout IngestBatch
    ) throws {
        // Moved in and out, never copied: a second owner would make every record copy its frame.
        var scanner = RecordScanner(bytes, batch: batch.taken())
        defer { batch = scanner.batch.taken() }
        let start = scanner.startAfterByteOrderMark
        do throws(JSONFault) {
            var text = JSONScanner(bytes, range: start..<bytes.count)
            text.skipWhitespace()
            let first = try text.peek()
            if form == .lines {
                scanner.scanLines(from: start)
            } else if first == UInt8(ascii: "[") {
                try scanner.scanArray(&text)
            } else {
                try scanner.scanObjects(&text)
            }
        } catch {
            throw scanner.bodyError(error)
        }
    }

    /// Judges a value that must be one JSON object with nothing around it but white space.
    ///
    /// Returns why it was refused; nil when it was added to `batch`.
    static func scanOne(
        _ bytes: UnsafeBufferPointer<UInt8>,
        members: [UInt8]?,
        into batch: inout IngestBatch
    ) -> String? {
        var text = JSONScanner(bytes, range: 0..<bytes.count)
        do throws(JSONFault) {
            text.skipWhitespace()
            let start = text.position
            text.passedLineBreak = false
            try text.skipValue()
            let range = start..<text.position
            let hasLineBreaks = text.passedLineBreak
            text.skipWhitespace()
            guard text.isAtEnd else { throw text.fault(.trailing) }
            let record = UnsafeBufferPointer(rebasing: bytes[range])
            if let reason = fault(of: record, adding: members, schema: batch.rules.schema) { return reason }
            batch.accept(record, members: members, hasLineBreaks: hasLineBreaks)
            return nil
        } catch {
            return "not valid JSON: \(error.words)"
        }
    }

    /// Why a complete JSON value is no record; nil when it is one.
    private static func fault(
        of value: UnsafeBufferPointer<UInt8>,
        adding members: [UInt8]? = nil,
        schema: SchemaValidator?
    ) -> String? {
        if value[0] != UInt8(ascii: "{") { return "a record must be a JSON object, not \(kind(of: value[0]))" }
        let size = members.map { IngestFrame.Joined(value, $0).byteCount } ?? value.count
        if size > Limits.recordBytesMax {
            return "the record has \(size) bytes, more than the limit of \(Limits.recordBytesMax)"
        }
        return schema?.mismatch(in: value)
    }

    /// RFC 8259 §8.1 lets a parser ignore a byte order mark instead of refusing it.
    private var startAfterByteOrderMark: Int {
        bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
    }

    private func bodyError(_ fault: JSONFault) -> FlareError {
        let isBlank = bytes.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        return FlareError(
            .invalidData,
            isBlank ? "the body is empty" : "the body is not valid JSON: \(fault.words)",
            hint: "send a JSON array of objects, one object, or one object a line"
        )
    }

    private mutating func scanArray(_ text: inout JSONScanner) throws(JSONFault) {
        text.position += 1
        text.skipWhitespace()
        if try text.peek() == UInt8(ascii: "]") {
            text.position += 1
        } else {
            while true {
                text.skipWhitespace()
                try scanElement(&text)
                text.skipWhitespace()
                let next = try text.peek()
                guard next == UInt8(ascii: ",") || next == UInt8(ascii: "]") else { throw text.fault(.unexpected) }
                text.position += 1
                if next == UInt8(ascii: "]") { break }
            }
        }
        text.skipWhitespace()
        guard text.isAtEnd else { throw text.fault(.trailing) }
    }

    private mutating func scanElement(_ text: inout JSONScanner) throws(JSONFault) {
        let start = text.position
        text.passedLineBreak = false
        try text.skipValue()
        take(start..<text.position, hasLineBreaks: text.passedLineBreak)
    }

    /// One object with nothing after it, or lines when the first line is complete by itself.
    private mutating func scanObjects(_ text: inout JSONScanner) throws(JSONFault) {
        let start = text.position
        text.passedLineBreak = false
        try text.skipValue()
        let firstEnd = text.position
        let hasLineBreaks = text.passedLineBreak
        text.passedLineBreak = false
        text.skipWhitespace()
        if text.isAtEnd {
            take(start..<firstEnd, hasLineBreaks: hasLineBreaks)
        } else if text.passedLineBreak && !hasLineBreaks {
            scanLines(from: start)
        } else {
            throw text.fault(.trailing)
        }
    }

    private mutating func scanLines(from start: Int) {
        var lineStart = start
        while lineStart < bytes.count {
            let lineEnd = endOfLine(from: lineStart)
            scanLine(lineStart..<lineEnd)
            lineStart = lineEnd + 1
        }
    }

    private mutating func scanLine(_ range: Range<Int>) {
        var text = JSONScanner(bytes, range: range)
        text.skipWhitespace()
        if text.isAtEnd { return }
        let start = text.position
        do throws(JSONFault) {
            try text.skipValue()
            let end = text.position
            text.skipWhitespace()
            guard text.isAtEnd else { throw text.fault(.trailing) }
            // A lone carriage return between tokens does not end the line, yet many readers would break it there.
            take(start..<end, hasLineBreaks: text.passedLineBreak)
        } catch {
            let place = JSONFault(reason: error.reason, position: error.position - range.lowerBound)
            refuse("not valid JSON: \(place.words)")
        }
    }

    private func endOfLine(from start: Int) -> Int {
        let rest = UnsafeBufferPointer(rebasing: bytes[start...])
        return rest.firstIndex(of: UInt8(ascii: "\n")).map { start + $0 } ?? bytes.count
    }

    /// Judges one complete JSON value.
    private mutating func take(_ range: Range<Int>, hasLineBreaks: Bool) {
        let record = UnsafeBufferPointer(rebasing: bytes[range])
        if let reason = Self.fault(of: record, schema: schema) { return refuse(reason) }
        batch.accept(record, hasLineBreaks: hasLineBreaks)
        index += 1
    }

    private mutating func refuse(_ reason: String) {
        batch.refuse(index, reason)
        index += 1
    }

    private static func kind(of first: UInt8) -> String {
        switch first {
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
        case UInt8(ascii: "n"): "null"
        default: "a number"
        }
    }
}

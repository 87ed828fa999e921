import FlareModel
import NIOCore

/// An element of an XML document that a client has sent.
struct S3XMLElement: Sendable, Hashable {
    /// Without a namespace's prefix.
    var name: String
    /// The characters directly in the element, white space included.
    var text = ""
    var children: [S3XMLElement] = []

    /// The first child of this name.
    subscript(name: String) -> S3XMLElement? { children.first { $0.name == name } }

    /// All children of this name.
    func all(_ name: String) -> [S3XMLElement] { children.filter { $0.name == name } }

    /// The text without white space around it.
    var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let bytes = text.utf8.drop(while: isSpace)
        let end = bytes.lastIndex { !isSpace($0) }
        guard let end else { return "" }
        return String(decoding: bytes[...end], as: UTF8.self)
    }
}

/// Reads the few XML documents that S3 clients send, and no others: UTF-8, bounded in depth, without document types and
/// the entities that they define.
struct S3XMLReader {
    /// What the document is not.
    private struct Failure: Error {
        let reason: String
    }

    private let bytes: [UInt8]
    private var position = 0

    /// Reads a document whose root has this name.
    ///
    /// Throws `MalformedXML` saying what is wrong with it and where.
    static func read(_ document: ByteBuffer, root: String) throws(S3Error) -> S3XMLElement {
        var reader = S3XMLReader(bytes: Array(document.readableBytesView))
        let element: S3XMLElement
        do {
            element = try reader.document()
        } catch {
            throw malformed("\(error.reason), at byte \(reader.position) of the document")
        }
        guard element.name == root else { throw malformed("the document is a <\(element.name)>, not a <\(root)>") }
        return element
    }

    /// The document does not say what it should.
    static func malformed(_ reason: String) -> S3Error {
        S3Error(code: "MalformedXML", httpStatus: 400, message: "the XML cannot be read: \(reason)")
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: The document

    private mutating func document() throws(Failure) -> S3XMLElement {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Failure(reason: "it is not UTF-8") }
        if starts(with: [0xEF, 0xBB, 0xBF]) { position += 3 }
        if starts(with: "<?xml") { try declaration() }
        try miscellany()
        guard starts(with: "<") else {
            throw Failure(reason: position < bytes.count ? "text stands outside" : "it is empty")
        }
        let root = try element(depth: 1)
        try miscellany()
        guard position == bytes.count else { throw Failure(reason: "something follows the root element") }
        return root
    }

    private mutating func declaration() throws(Failure) {
        let begin = position
        try skip(past: "?>", what: "the XML declaration")
        let text = String(decoding: bytes[begin..<position], as: UTF8.self).lowercased()
        guard let encoding = text.firstRange(of: "encoding") else { return }
        let value = text[encoding.upperBound...].drop { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "'" }
        guard value.hasPrefix("utf-8") || value.hasPrefix("us-ascii") else {
            throw Failure(reason: "its encoding is not UTF-8")
        }
    }

    /// White space, comments and instructions between elements.
    private mutating func miscellany() throws(Failure) {
        while true {
            skipSpace()
            if starts(with: "<!--") {
                try skip(past: "-->", what: "a comment")
            } else if starts(with: "<?") {
                try skip(past: "?>", what: "an instruction")
            } else if starts(with: "<!") {
                throw Failure(reason: "it has a document type, which is not read")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(Failure) -> S3XMLElement {
        guard depth <= Limits.s3DocumentDepthMax else {
            throw Failure(reason: "it is nested deeper than \(Limits.s3DocumentDepthMax) levels")
        }
        position += 1
        let tag = try name()
        var element = S3XMLElement(name: Self.local(tag))
        if try attributes() { return element }
        var text: [UInt8] = []
        while true {
            try characters(into: &text)
            guard position < bytes.count else { throw Failure(reason: "<\(tag)> has no end") }
            if bytes[position] == UInt8(ascii: "&") {
                text += String(try reference()).utf8
            } else if starts(with: "</") {
                position += 2
                let end = try name()
                guard end == tag else { throw Failure(reason: "<\(tag)> ends as </\(end)>") }
                skipSpace()
                try expect(">")
                element.text = String(decoding: text, as: UTF8.self)
                return element
            } else if starts(with: "<!--") {
                try skip(past: "-->", what: "a comment")
            } else if starts(with: "<![CDATA[") {
                position += 9
                let begin = position
                try skip(past: "]]>", what: "a CDATA section")
                text += bytes[begin..<(position - 3)]
            } else if starts(with: "<?") {
                try skip(past: "?>", what: "an instruction")
            } else if starts(with: "<!") {
                throw Failure(reason: "a declaration stands inside <\(tag)>")
            } else {
                element.children.append(try self.element(depth: depth + 1))
            }
        }
    }

    /// Reads over the attributes of a start tag to its end; true when it is the end of the element too.
    private mutating func attributes() throws(Failure) -> Bool {
        while true {
            skipSpace()
            if starts(with: "/>") {
                position += 2
                return true
            }
            if starts(with: ">") {
                position += 1
                return false
            }
            _ = try name()
            skipSpace()
            try expect("=")
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
            else { throw Failure(reason: "an attribute has no quotes") }
            let quote = bytes[position]
            position += 1
            while position < bytes.count, bytes[position] != quote {
                guard bytes[position] != UInt8(ascii: "<") else { throw Failure(reason: "an attribute holds a <") }
                if bytes[position] == UInt8(ascii: "&") { _ = try reference() } else { _ = try character() }
            }
            try expect(quote == UInt8(ascii: "\"") ? "\"" : "'")
        }
    }

    // MARK: Characters

    /// The text up to the next mark or reference, of which a document has most: read by the run, not by the byte.
    private mutating func characters(into text: inout [UInt8]) throws(Failure) {
        while true {
            let begin = position
            while position < bytes.count, !Self.endsRun(bytes[position]) { position += 1 }
            text += bytes[begin..<position]
            guard position < bytes.count, bytes[position] != UInt8(ascii: "<"), bytes[position] != UInt8(ascii: "&")
            else { return }
            text.append(try character())
        }
    }

    /// A mark, a reference, an end of line that may be two bytes, and what is no text.
    private static func endsRun(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: "&") || byte == 0x0D || byte == 0
    }

    /// One byte of text; line ends are one newline each, as XML has it.
    ///
    /// Control characters are taken, though XML has none: S3's SDKs write them as they are, and keys that have them are
    /// deleted by such a document.
    private mutating func character() throws(Failure) -> UInt8 {
        let byte = bytes[position]
        guard byte != 0 else { throw Failure(reason: "it holds a NUL") }
        position += 1
        guard byte == 0x0D else { return byte }
        if position < bytes.count, bytes[position] == 0x0A { position += 1 }
        return 0x0A
    }

    /// `&amp;` and its four sisters, and characters by number.
    ///
    /// Numbers of control characters are taken as well.
    private mutating func reference() throws(Failure) -> Character {
        let begin = position + 1
        guard let end = bytes[begin...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
            throw Failure(reason: "a reference has no end")
        }
        let name = String(decoding: bytes[begin..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { throw Failure(reason: "the entity &\(name); is not known") }
            let digits = name.dropFirst()
            let number =
                digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard let number, number > 0, let scalar = Unicode.Scalar(number) else {
                throw Failure(reason: "&\(name); is no character")
            }
            return Character(scalar)
        }
    }

    private mutating func name() throws(Failure) -> String {
        let begin = position
        while position < bytes.count, Self.isOfName(bytes[position]) { position += 1 }
        guard position > begin, !(0x30...0x39).contains(bytes[begin]), bytes[begin] != UInt8(ascii: "-"),
            bytes[begin] != UInt8(ascii: ".")
        else { throw Failure(reason: "a name is missing") }
        return String(decoding: bytes[begin..<position], as: UTF8.self)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x3A, 0x80...0xFF,
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func local(_ name: String) -> String {
        name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private mutating func skip(past end: StaticString, what: String) throws(Failure) {
        while position < bytes.count {
            if bytes[position] == end.utf8Start.pointee, starts(with: end) {
                position += end.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw Failure(reason: "\(what) has no end")
    }

    private mutating func expect(_ text: StaticString) throws(Failure) {
        guard starts(with: text) else { throw Failure(reason: "a \(text) is missing") }
        position += text.utf8CodeUnitCount
    }

    private func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private func starts(with prefix: [UInt8]) -> Bool { bytes[position...].starts(with: prefix) }
}

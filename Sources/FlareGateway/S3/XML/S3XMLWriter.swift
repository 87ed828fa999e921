import FlareModel
import NIOCore

/// Builds an XML document of S3 from its start to its end.
struct S3XMLWriter: Sendable {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    private var buffer: ByteBuffer
    private let root: String
    /// The first text that XML 1.0 cannot hold.
    private var unspeakable: String?
    /// Puts U+FFFD for characters that XML cannot hold: in errors, and where a key is only said again to the client
    /// that has sent it.
    private let isLenient: Bool

    /// - Parameters:
    ///   - root: the document's element.
    ///   - hasNamespace: false for errors, which S3 writes without.
    init(_ root: String, hasNamespace: Bool = true, isLenient: Bool = false) {
        self.root = root
        self.isLenient = isLenient
        buffer = ByteBufferAllocator().buffer(capacity: 512)
        buffer.writeString(#"<?xml version="1.0" encoding="UTF-8"?>"# + "\n")
        buffer.writeString(hasNamespace ? "<\(root) xmlns=\"\(Self.namespace)\">" : "<\(root)>")
    }

    /// `<name>text</name>`, the text escaped.
    mutating func element(_ name: String, _ text: String) {
        buffer.writeString("<\(name)>")
        write(text)
        buffer.writeString("</\(name)>")
    }

    mutating func element(_ name: String, _ number: Int) { element(name, String(number)) }

    mutating func element(_ name: String, _ flag: Bool) { element(name, flag ? "true" : "false") }

    /// An element that holds others.
    mutating func element(
        _ name: String,
        attributes: String = "",
        _ content: (inout S3XMLWriter) throws -> Void
    ) rethrows {
        buffer.writeString("<\(name)\(attributes)>")
        try content(&self)
        buffer.writeString("</\(name)>")
    }

    /// The text of the root element itself.
    mutating func text(_ text: String) { write(text) }

    /// The whole document.
    ///
    /// Throws `InvalidArgument` when a text has a character that XML 1.0 has no way to write.
    func finish() throws -> ByteBuffer {
        if let unspeakable {
            throw S3Error(
                code: "InvalidArgument",
                httpStatus: 400,
                message: "\(Self.shown(unspeakable)) has characters that XML cannot hold: "
                    + "ask with encoding-type=url"
            )
        }
        var result = buffer
        result.writeString("</\(root)>")
        return result
    }

    /// https://www.w3.org/TR/xml/#charsets and, for line ends and tabs, #sec-line-ends: unescaped, readers would
    /// change them.
    private mutating func write(_ text: String) {
        if text.utf8.allSatisfy(Self.isPlain) {
            buffer.writeString(text)
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": buffer.writeStaticString("&amp;")
            case "<": buffer.writeStaticString("&lt;")
            case ">": buffer.writeStaticString("&gt;")
            case "\"": buffer.writeStaticString("&quot;")
            case "\t", "\n", "\r": buffer.writeString("&#\(scalar.value);")
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                if isLenient {
                    buffer.writeStaticString("\u{FFFD}")
                } else if unspeakable == nil {
                    unspeakable = text
                }
            default: buffer.writeString(String(scalar))
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x21, 0x23...0x25, 0x27...0x3B, 0x3D, 0x3F...0x7F: true
        default: false
        }
    }

    private static func shown(_ text: String) -> String {
        "\"" + PercentCoding.encode(text, allowing: "/ ") + "\""
    }
}

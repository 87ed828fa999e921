import FlareModel
import Testing

@testable import FlareWorkers

/// The reader and the writer of frames, against the decoder and the encoder of everything else.
@Suite struct JSONReaderTests {
    @Test(
        arguments: [
            "null", "true", " false ", "0", "-0", "17", "-9223372036854775808", "9223372036854775807",
            "9223372036854775808", "1.5", "-1.25e-3", "1e3", "2.0", "123456789012345678901234567890", "\"\"",
            #""a\"b\\c\/d\b\f\n\r\té😀""#, #""\u00e9\ud83d\ude00""#, "[]", "[1,[2,[3]],{}]", "{}",
            #"{"a":1,"b":{"c":[null,true]},"":"x"}"#, " [ 1 , 2 ] ", "{\n\t\"a\" : 1\r\n}",
        ]
    )
    func `what the decoder reads, the reader reads alike`(text: String) throws {
        #expect(try read(text) == JSONValue(json: text.utf8))
    }

    @Test(
        arguments: [
            "", " ", "nul", "tru", "01", "-", "1.", "1e", ".5", "+1", "\"", "\"a", "\"\u{1}\"", #""\x""#, #""\u12""#,
            "[", "[1", "[1,", "[1,]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "1 2",
            "[]]", "NaN", "1e999",
        ]
    )
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONReader.Failure.self) { try read(text) }
    }

    @Test func `bytes that are not UTF-8 are refused, and half a surrogate pair is replaced`() throws {
        #expect(throws: JSONReader.Failure.self) { try read([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONReader.Failure.self) { try read([0x22, 0x5C, 0x6E, 0xFF, 0x22]) }
        #expect(try read(#""a\ud800b""#) == .string("a\u{FFFD}b"))
        #expect(try read(#""\ud800\u0041""#) == .string("\u{FFFD}A"))
        #expect(try read(#""\udc00""#) == .string("\u{FFFD}"))
    }

    @Test func `nesting is bounded, so that a frame cannot overflow the stack`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONReader.Failure.self) { try read(deep) }
        let fine = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        _ = try read(fine)
    }

    @Test func `what the writer writes is read back the same`() throws {
        let value: JSONValue = .object([
            "text": .string("q\"b\\ \n\r\t\u{1}\u{1f} é😀"), "empty": .string(""), "whole": .integer(.min),
            "number": .number(0.1), "tiny": .number(.leastNonzeroMagnitude),
            "list": .array([.null, .bool(true), .bool(false), .array([])]),
            "key \"\n": .object([:]),
        ])
        var text: [UInt8] = []
        JSONWriter.write(value, to: &text)
        #expect(try JSONValue(json: text) == value)
        #expect(try read(text) == value)
    }

    private func read(_ text: String) throws -> JSONValue { try read(Array(text.utf8)) }

    private func read(_ bytes: [UInt8]) throws -> JSONValue {
        try bytes.withUnsafeBytes { try JSONReader.value(of: $0) }
    }
}

import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("splitting and checking a body")
struct RecordScannerTests {
    private func scan(_ body: String, _ form: BodyForm = .detect) throws -> IngestBatch {
        try scan(Array(body.utf8), form)
    }

    private func scan(_ body: [UInt8], _ form: BodyForm = .detect) throws -> IngestBatch {
        try IngestBatch.scan(
            ByteBuffer(bytes: body),
            form: form,
            source: .http,
            rules: IngestRules(),
            at: Timestamp(milliseconds: 0)
        )
    }

    private func message(_ body: String, _ form: BodyForm = .detect) -> String {
        do {
            _ = try scan(body, form)
            return "accepted"
        } catch {
            return (error as? FlareError)?.message ?? "\(error)"
        }
    }

    // The cases of https://github.com/nst/JSONTestSuite by their kinds: y_ must be accepted, n_ must be refused.

    @Test(
        "every valid value is accepted as a member",
        arguments: [
            "[]", "[[]   ]", "[\"\"]", "[false]", "[null, 1, \"1\", {}]", "null", "true", "false", "[1\n]", "[ 1]",
            "[1,null,null,null,2]", "[2] ",
            "{}", #"{"":0}"#, #"{"a":"b","a":"b"}"#, #"{"foo\u0000bar": 42}"#, #"{"a":[]}"#,
            #"{"title":"\u041f\u043e"}"#, "{\n\"a\": \"b\"\n}",
            "0", "-0", "0e1", "0e+1", "1", "-1", "-123", "123.456", "123e65", "1E22", "1E-2", "1E+2", "123.456e78",
            "20e1",
            "-0.000000000000000000000000000000000000000000000000000000000000000000000000000000000001", "1e400",
            #""\u0060\u012a\u12AB""#, #""\uD801\udc37""#, #""\ud83d\ude39\ud83d\udc8d""#, #""\"\\\/\b\f\n\r\t""#,
            #""\\u0000""#, #""\"""#,
            #""a/*b*/c/*d//e""#, #""\\a""#, #""\\n""#, #""\uFFFF""#, "\"asd\"", "\" \"", "\"\u{7f}\"", "\"€𝄞\"",
            "\"\u{10FFFF}\"", "\"ü\"",
            #""\uD834\uDd1e""#, #""\u0821""#, #""new\u000Aline""#, "\"\u{2028}\u{2029}\"", #""\uD800""#,
            "\"eight888bytes777and more\"",
        ]
    )
    func valid(value: String) throws {
        for body in [
            "{\"v\":\(value)}", "[{\"v\":\(value)}]", " { \"v\" :\t\(value) } ",
            "[{\"v\": \(value)} ,{\"v\":\(value)}]\n",
        ] {
            let batch = try scan(body)
            #expect(batch.refused.isEmpty, "\(body)")
            #expect(batch.recordCount == (body.contains(" ,{") ? 2 : 1), "\(body)")
        }
    }

    @Test(
        "every invalid value spoils its body",
        arguments: [
            "[1 true]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]", "[\"x\"]]", "[\"\",]", "[", "[x", "[3[4]]", "[1:2]",
            "[,]", "[-]", "[1,", "[   , \"\"]",
            "[*]", "nul", "tru", "fals", "True", "NULL", "nulll", "truee", "undefined", "NaN", "Infinity", "-Infinity",
            "-NaN",
            "01", "-01", "-", "+1", "++1", "1.", ".5", "-.5", "1.e1", "2.e+3", "0.e1", "0e", "0e+", "1e", "1e+", "1eE2",
            "1E+-2", "0x42", "0x1", "1_000", "- 1",
            "1 000", "-1x", "1.2a", "1ea", "２", "-2.", "0.1.2", "9.e+",
            "{\"a\"}", "{a:1}", "{'a':0}", "{1:1}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\"::1}",
            "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}",
            "{\"a\":\"a\" 123}", "{\"x\", null}", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{[: \"x\"}", "{\"a\":1]",
            "{null:null}", "{\"id\":0,}", "{\"a\":/*c*/1}", "{\"a\":1}#",
            "\"", "\"a", "\"\\\"", "\"\\", "\"\\x00\"", "\"\\a\"", "\"\\u\"", "\"\\u00A\"", "\"\\u00G0\"",
            "\"\\uD834\\u\"", "\"\\u12", "\"\\ \"", "\"\\'\"", "'x'",
            "\"line\nbreak\"", "\"tab\ttab\"", "\"\u{0}\"", "\"\u{1f}\"", "\"\\\u{9}\"", "abc", "<.>", "[<null>]",
            "\u{feff}1", "\u{a0}1", "\u{0c}1", "⁠1", "*", "@", "$",
            "1]", "1}", "\"x\"\"y\"", "\"1234567\u{1}\"", "\"123456789\n\"", "(1)", "1;", "{\"a\":1}{",
        ]
    )
    func invalid(value: String) {
        for body in ["{\"v\":\(value)}", "[{\"v\":\(value)}]", "[{\"v\":1},{\"v\":\(value)}]"] {
            #expect(throws: FlareError.self, "\(body)") { try scan(body) }
            #expect((try? scan(body, .lines))?.recordCount ?? 0 == 0, "\(body)")
        }
    }

    @Test(
        "bytes that are not UTF-8 are refused wherever they stand in a string",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x28, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]]
    )
    func badUTF8(bytes: [UInt8]) {
        for padding in 0...9 {
            let text = Array("{\"v\":\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: padding) + bytes
            let body = text + Array("yz\"}".utf8)
            #expect(throws: FlareError.self) { try scan(body) }
        }
    }

    @Test("a body cut off at any byte is refused as a whole")
    func cutOff() throws {
        let body = Array(#"[{"a":"ü\n","b":[1.5e3,true,null,{}]},{"c":"😀"}]"#.utf8)
        #expect(try scan(body).recordCount == 2)
        for length in 0..<body.count {
            #expect(throws: FlareError.self, "\(length)") { try scan(Array(body.prefix(length))) }
        }
    }

    @Test("the four forms of a body give the same records")
    func forms() throws {
        #expect(try scan("[{\"a\":1},{\"a\":2}]").recordCount == 2)
        #expect(try scan("{\"a\":1}\n{\"a\":2}").recordCount == 2)
        #expect(try scan("{\"a\":1}\r\n\r\n  {\"a\":2}\r\n", .lines).recordCount == 2)
        #expect(try scan("{\n \"a\":1\n}").recordCount == 1)
        #expect(try scan("\u{feff}[{\"a\":1}]").recordCount == 1)
        #expect(try scan("[]").recordCount == 0)
        #expect(try scan(" [ ] ").allRefused == nil)
    }

    @Test("what is no object is refused by itself, with its place and its kind")
    func refusedElements() throws {
        let batch = try scan("[{\"a\":1},17,\"x\",null,[1],true,{\"a\":2},-1.5]")
        #expect(batch.recordCount == 2)
        #expect(batch.refused.map(\.index) == [1, 2, 3, 4, 5, 7])
        #expect(
            batch.refused.map(\.reason).map { $0.split(separator: "not ").last ?? "" }
                == ["a number", "a string", "null", "an array", "a boolean", "a number"]
        )
        #expect(batch.allRefused == nil)
        let none = try scan("[1,2]")
        #expect(none.allRefused?.message == "all 2 records were refused: a record must be a JSON object, not a number")
    }

    @Test("a bad line is refused by itself, with its place among the lines that are not blank")
    func refusedLines() throws {
        let batch = try scan("{\"a\":1}\n\n{\"a\":}\n{\"a\":2}\n[]\n{\"a\":3", .lines)
        #expect(batch.recordCount == 2)
        #expect(batch.refused.map(\.index) == [1, 3, 4])
        #expect(batch.refused[0].reason == "not valid JSON: unexpected byte at 5")
        #expect(batch.refused[2].reason == "not valid JSON: it is cut off at byte 6")
    }

    @Test("a broken document is never taken for lines, although some of its lines are objects")
    func noFragments() {
        #expect(throws: FlareError.self) { try scan("{\n\"items\": [\n{\"a\":1}\n]") }
        #expect(throws: FlareError.self) { try scan("[{\"a\":1}\n{\"a\":2}]") }
        #expect(throws: FlareError.self) { try scan("{\n\"a\":1\n}\n{\n\"a\":2\n}") }
    }

    @Test("errors name the byte")
    func messages() {
        #expect(message("") == "the body is empty")
        #expect(message(" \n\t") == "the body is empty")
        #expect(message("{\"a\":tru}") == "the body is not valid JSON: unexpected byte at 8")
        #expect(message("[{\"a\":1}") == "the body is not valid JSON: it is cut off at byte 8")
        #expect(message("{\"a\":1} x") == "the body is not valid JSON: text after the end of the value at byte 8")
        #expect(message("{\"a\":\"\\q\"}") == "the body is not valid JSON: invalid escape in a string at byte 7")
    }

    @Test("nesting is accepted to 128 levels and refused beyond, without recursion")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            "{\"v\":" + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "}"
        }
        #expect(try scan(nested(128)).recordCount == 1)
        #expect(message(nested(129)).contains("nested deeper than 128 levels"))
        #expect(throws: FlareError.self) { try scan(String(repeating: "[", count: 100_000)) }
        #expect(throws: FlareError.self) { try scan(String(repeating: "{\"a\":", count: 100_000)) }
        // The array around the records is no level of theirs.
        #expect(try scan("[" + nested(128) + "]").recordCount == 1)
    }

    @Test("a record over the limit is refused by itself")
    func tooLarge() throws {
        let long = "{\"a\":\"" + String(repeating: "x", count: Limits.recordBytesMax) + "\"}"
        let exact = "{\"a\":\"" + String(repeating: "x", count: Limits.recordBytesMax - 8) + "\"}"
        let batch = try scan("[\(exact),\(long),{\"b\":1}]")
        #expect(batch.recordCount == 2)
        #expect(batch.refused.map(\.index) == [1])
        #expect(batch.refused[0].reason.contains("more than the limit of 1000000"))
    }

    @Test("of many refused records the first are listed and all are counted")
    func manyRefused() throws {
        let batch = try scan("[{}" + String(repeating: ",1", count: 5_000) + "]")
        let result = batch.result(offset: 7)
        #expect(result.committed == 1)
        #expect(result.offset == 7)
        #expect(result.refused.count == Limits.refusedListedMax)
        #expect(result.refusedCount == 5_000)
    }

    @Test("a record over several lines is joined into one, with the same value")
    func joined() throws {
        let batch = try scan("[{\n  \"a\" :\r\n [1,\n2]\n}]")
        let frame = try #require(batch.frames.first)
        let line = try #require(try lines(of: frame).first)
        #expect(!line.contains("\n") && !line.contains("\r"))
        #expect(try JSONValue(json: line.utf8) == .object(["a": .array([.integer(1), .integer(2)])]))
    }

    @Test("a frame gives back its records and its time")
    func frames() throws {
        let body = ByteBuffer(string: "[{\"a\":1},{\"b\":\"ü\"}]")
        let batch = try IngestBatch.scan(
            body,
            form: .detect,
            source: .http,
            rules: IngestRules(),
            at: Timestamp(milliseconds: 1_234)
        )
        #expect(batch.frames.count == 1)
        #expect(try lines(of: batch.frames[0]) == ["{\"a\":1}", "{\"b\":\"ü\"}"])
        #expect(batch.lineBytes == 19)
    }

    @Test("a large body becomes several frames with all of its records")
    func manyFrames() throws {
        let record = "{\"a\":\"" + String(repeating: "x", count: 100_000) + "\"}"
        let batch = try scan("[" + Array(repeating: record, count: 100).joined(separator: ",") + "]")
        #expect(batch.frames.count == 3)
        #expect(batch.frames.reduce(0) { $0 + $1.recordCount } == 100)
        #expect(batch.frames.allSatisfy { $0.payload.readableBytes <= Limits.ingestFrameBytes + 1_000 })
    }

    private func lines(of frame: IngestBatch.Frame) throws -> [String] {
        let payload = frame.payload
        let content = try IngestFrameReader.read(payload, recordCount: frame.recordCount)
        return content.records.compactMap { payload.getString(at: $0.lowerBound, length: $0.count) }
    }
}

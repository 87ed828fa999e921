import Testing

@testable import FlareModel

@Suite("JSON that is looked at where it lies")
struct JSONBytesTests {
    static let texts = [
        "", " ", "null", "nul", "nulls", "true", "false", "0", "-0", "01", "-", "1.", ".5", "1.5e3", "1e", "1E+2", "+1",
        "\"\"", "\"a", "\"\\n\"", "\"\\x\"", "\"\\u00e9\"", "\"\\u00g9\"", "\"\\", "[]", "[,1]", "[1 2]",
        "[1,2]",
        "[[[]]]", "[", "]", "{}", "{\"a\"}", "{\"a\":}", "{\"a\":1}", "{\"a\":{\"b\":[true,null]}}",
        "{a:1}", "{\"a\":1]", "[1}", "{} {}", " {\"a\" : [ 1 , 2 ] } \n", "NaN", "{\"a\":1,\"b\":2}", "\u{9}1",
    ]

    @Test("agrees with the decoder on what is JSON", arguments: texts)
    func validity(text: String) {
        let decoded = try? JSONValue(json: text.utf8)
        #expect(JSONBytes.isValid(Array(text.utf8)) == (decoded != nil))
    }

    @Test("a comma behind the last one is not JSON, whatever the decoder takes", arguments: ["[1,]", "{\"a\":1,}"])
    func commas(text: String) {
        #expect(!JSONBytes.isValid(Array(text.utf8)))
    }

    @Test("a control character in a string is none, and nesting has its bound")
    func limits() {
        #expect(!JSONBytes.isValid(Array("\"a\nb\"".utf8)))
        let deep = { (depth: Int) in
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(JSONBytes.isValid(Array(deep(500).utf8)))
        #expect(!JSONBytes.isValid(Array(deep(10_000).utf8)))
    }

    @Test("every cut of a valid text is invalid")
    func cuts() {
        let text = Array(#"{"a":[1,{"b":"c\u0041"}],"d":null}"#.utf8)
        for length in 0..<text.count { #expect(!JSONBytes.isValid(Array(text[..<length]))) }
    }

    @Test("members are found with their values as they are written")
    func members() throws {
        let text = Array(#" { "a\u0062" : [1, 2] , "c": "x,}" } "#.utf8)
        let members = try #require(JSONBytes.members(of: text))
        #expect(members.map(\.name) == ["ab", "c"])
        #expect(members.map { String(decoding: text[$0.value], as: UTF8.self) } == ["[1, 2]", #""x,}""#])
        #expect(JSONBytes.members(of: Array("{}".utf8))?.isEmpty == true)
        #expect(JSONBytes.members(of: Array("[1]".utf8)) == nil)
    }

    @Test("frames of messages are read as they were written")
    func frames() throws {
        var frames = MessageFrames()
        frames.append(Array("{}".utf8), contentType: 0, delaySeconds: nil)
        frames.append([0xFF], contentType: 2, delaySeconds: 0)
        frames.append([], contentType: 1, delaySeconds: 86_400)
        var read: [String] = []
        try MessageFrames.read(frames.bytes) { read.append("\($0) \($1.map(String.init) ?? "-") \($2)") }
        #expect(read == ["json - [123, 125]", "bytes 0 [255]", "text 86400 []"])
        for cut in [1, 8, 9, 10, frames.bytes.count - 1] {
            #expect(throws: FlareError.self) { try MessageFrames.read(Array(frames.bytes[..<cut])) { _, _, _ in } }
        }
    }
}

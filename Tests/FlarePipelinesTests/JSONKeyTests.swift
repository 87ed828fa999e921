import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("the value at a JSON key")
struct JSONKeyTests {
    private func value(_ key: String, _ record: String) throws -> String {
        // Bytes before and after, as in a frame.
        let payload = ByteBuffer(string: "ab" + record + "cd")
        return String(buffer: try JSONKey(key).value(in: payload, at: 2..<(2 + record.utf8.count)))
    }

    @Test(
        "any scalar is a value",
        arguments: [
            (#"{"k":"m1"}"#, "m1"), (#"{"k":17}"#, "17"), (#"{"k":-1.50e3}"#, "-1.50e3"), (#"{"k":true}"#, "true"),
            (#"{"k":null}"#, "null"), (#"{"k":""}"#, ""), (#"{ "a" : [1,{"k":2}] , "k" : "x" }"#, "x"),
            (#"{"k":"ü/ \"q\" \\ \u00e9 \ud83d\ude00"}"#, "ü/ \"q\" \\ é 😀"),
            (#"{"\u006b":"escaped name"}"#, "escaped name"),
            (#"{"k":1,"k":2}"#, "2"),
        ]
    )
    func scalars(record: String, expected: String) throws {
        #expect(try value(".k", record) == expected)
        #expect(try value("k", record) == expected)
    }

    @Test(
        "a record without a scalar there has the key __none__",
        arguments: [#"{}"#, #"{"a":1}"#, #"{"k":{}}"#, #"{"k":[1]}"#, #"{"kk":1}"#, #"{"a":{"k":1}}"#, #"{"K":1}"#]
    )
    func missing(record: String) throws {
        #expect(try value(".k", record) == "__none__")
    }

    @Test("a path goes through objects, and names with dots are quoted")
    func paths() throws {
        #expect(try value(".a.b", #"{"a":{"c":0,"b":"x"}}"#) == "x")
        #expect(try value(".a.b", #"{"a":1}"#) == "__none__")
        #expect(try value(".a.b", #"{"a.b":1}"#) == "__none__")
        #expect(try value(".\"a.b\".c", #"{"a.b":{"c":5}}"#) == "5")
        #expect(try JSONKey(".a.b").label == "a.b")
    }

    @Test("what is no path is refused", arguments: ["", ".", "..a", ".a.", ".a..b", ".a[0]", ".\"a", "a b.{}", ".*"])
    func invalid(text: String) {
        #expect(throws: FlareError.self) { try JSONKey(text) }
    }

    @Test("long values are cut, and stay apart")
    func long() throws {
        let start = String(repeating: "x", count: 500)
        let first = try value(".k", "{\"k\":\"\(start)1\"}")
        let second = try value(".k", "{\"k\":\"\(start)2\"}")
        #expect(first.utf8.count == Limits.partitionValueBytesMax)
        #expect(first != second)
        #expect(first.hasPrefix("xxx"))
    }
}

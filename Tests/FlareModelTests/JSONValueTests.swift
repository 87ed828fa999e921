import Testing

@testable import FlareModel

@Suite struct JSONValueTests {
    @Test(
        "JSON comes back as it was, with sorted keys",
        arguments: [
            "null", "true", "false", "0", "-7", "9223372036854775807", "0.5", "\"\"", "\"é\\n\\\"\"", "[]", "{}",
            #"[1,"two",[3.5,null],{"a":true}]"#, #"{"a":1,"b":{"c":[]},"path":"a/b"}"#,
        ]
    )
    func roundTrip(_ text: String) throws {
        let value = try JSONValue(json: text.utf8)
        #expect(String(decoding: value.jsonBytes, as: UTF8.self) == text)
        #expect(try JSONValue(json: value.jsonBytes) == value)
    }

    @Test("numbers and booleans are not taken for each other")
    func kinds() throws {
        #expect(
            try JSONValue(json: Array("[1,true,0,false,1.5,\"1\"]".utf8))
                == .array([
                    .integer(1), .bool(true), .integer(0), .bool(false), .number(1.5), .string("1"),
                ])
        )
    }

    @Test("what is no JSON is refused", arguments: ["", "{", "[1 2]", "nul", "{\"a\"}", "1 2"])
    func invalid(_ text: String) {
        #expect(#expect(throws: FlareError.self) { try JSONValue(json: text.utf8) }?.code == .invalidData)
    }

    @Test("parts are reached by kind")
    func access() throws {
        let value = try JSONValue(json: #"{"s":"x","i":3,"w":4.0,"b":true,"a":[1],"o":{}}"#.utf8)
        #expect(value["s"]?.stringValue == "x")
        #expect(value["i"]?.integerValue == 3)
        #expect(value["w"]?.integerValue == 4)
        #expect(value["b"]?.boolValue == true)
        #expect(value["a"]?.arrayValue == [.integer(1)])
        #expect(value["o"]?.objectValue == [:])
        #expect(value["none"] == nil)
        #expect(value["s"]?.integerValue == nil)
        #expect(JSONValue.number(1e300).integerValue == nil)
    }

    @Test("a body that does not fit names the field")
    func fields() {
        struct Body: Decodable {
            struct Inner: Decodable { var size: Int }
            var inner: [Inner]
        }
        func message(_ text: String) -> String? {
            #expect(throws: FlareError.self) { try FlareJSON.decode(Body.self, from: text.utf8) }?.message
        }
        #expect(message("{}") == "the body lacks the field \".inner\"")
        #expect(message(#"{"inner":[{"size":"big"}]}"#) == "the field \".inner[0].size\" is not a whole number")
        #expect(message(#"{"inner":[{"size":null}]}"#) == "the field \".inner[0].size\" must not be null")
        #expect(message(#"{"inner":[{"size":1.5}]}"#) == "a number in the body is not a whole number, or is too large")
        #expect(message(#"{"inner":[7]}"#) == "the field \".inner[0]\" is not an object")
        #expect(message(#"{"inner":"x"}"#) == "the field \".inner\" is not a list")
        #expect(message("[]") == "the body is not an object")
        #expect(message("{") == "the body is not valid JSON")
    }

    @Test("a long value that there is not is compared with none and said only in part")
    func longValues() {
        for text in ["x", "é"] {
            let body = #"{"rules":[{"actions":["a\#(String(repeating: text, count: 1_000_000))"]}]}"#
            let error = #expect(throws: FlareError.self) {
                try FlareJSON.decode(NotificationCreateBody.self, from: body.utf8)
            }
            let count = (Limits.mistypedNameBytesMax - 1) / text.utf8.count
            let part = "a" + String(repeating: text, count: count)
            #expect(error?.message == "the field \".rules[0].actions[0]\" cannot be \"\(part)…\"")
        }
    }

    @Test("a value that there is not is answered with the nearest one, and with all of them")
    func values() {
        let body = #"{"rules":[{"actions":["PutObjct"]}]}"#
        let error = #expect(throws: FlareError.self) {
            try FlareJSON.decode(NotificationCreateBody.self, from: body.utf8)
        }
        #expect(error?.message == #"the field ".rules[0].actions[0]" cannot be "PutObjct". Did you mean "PutObject"?"#)
        #expect(
            error?.hint
                == "it is one of PutObject, CopyObject, CompleteMultipartUpload, DeleteObject, LifecycleDeletion"
        )
    }

    @Test("a condition that no rule has is answered with those that there are")
    func conditions() {
        let rules =
            #"{"rules":[{"id":"a","enabled":true,"conditions":{},"condition":{"type":"Aeg"},"#
            + #""deleteObjectsTransition":{"condition":{"type":"Aeg"}}}]}"#
        let lock = #expect(throws: FlareError.self) {
            try FlareJSON.decode(LockConfigurationBody.self, from: rules.utf8)
        }
        #expect(lock?.hint == "it is one of Age, Date, Indefinite")
        let lifecycle = #expect(throws: FlareError.self) {
            try FlareJSON.decode(LifecycleConfigurationBody.self, from: rules.utf8)
        }
        #expect(lifecycle?.hint == "it is one of Age, Date")
    }
}

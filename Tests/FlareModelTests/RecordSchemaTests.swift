import Testing

@testable import FlareModel

@Suite("record schemas")
struct RecordSchemaTests {
    private func message(_ json: String) -> String {
        do {
            _ = try RecordSchema(json: json.utf8)
            return "accepted"
        } catch {
            return (error as? FlareError)?.message ?? "\(error)"
        }
    }

    @Test("every type is read, and written as it was read")
    func roundTrip() throws {
        let json = """
            {"fields":[{"name":"a","required":true,"type":"int32"},{"name":"b","required":false,"type":"bytes"},\
            {"name":"c","precision":10,"required":false,"scale":2,"type":"decimal128"},\
            {"name":"d","required":false,"type":"timestamp","unit":"microsecond"},\
            {"items":{"required":true,"type":"string"},"name":"e","required":false,"type":"list"},\
            {"fields":[{"name":"g","required":false,"type":"json"}],"name":"f","required":false,"type":"struct"}]}
            """
        let schema = try RecordSchema(json: json.utf8)
        #expect(schema.fields.count == 6)
        #expect(schema.fields[2].type == .scalar(.decimal128(precision: 10, scale: 2)))
        #expect(schema.fields[4].type == .list(.scalar(.string), required: true))
        #expect(String(decoding: FlareJSON.encode(schema), as: UTF8.self) == json)
    }

    @Test("a bare array, `binary`, items by name and what may be left out are understood")
    func lenient() throws {
        let schema = try RecordSchema(
            json:
                """
                [{"name":"a","type":"binary"},{"name":"b","type":"list","items":"int64"},
                 {"name":"c","type":"timestamp"}]
                """
                .utf8
        )
        #expect(
            schema.fields == [
                SchemaField(name: "a", type: .scalar(.bytes)),
                SchemaField(name: "b", type: .list(.scalar(.int64), required: false)),
                SchemaField(name: "c", type: .scalar(.timestamp(.millisecond))),
            ]
        )
    }

    @Test("names that differ in their bytes are different names")
    func bytes() throws {
        #expect(
            message("[{\"name\":\"\u{e9}\",\"type\":\"bool\"},{\"name\":\"e\u{301}\",\"type\":\"bool\"}]") == "accepted"
        )
        #expect(message(#"[{"name":"a","type":"bool"},{"name":"A","type":"bool"}]"#) == "accepted")
    }

    @Test(
        "what is wrong is said with the path of the field",
        arguments: [
            (#"[]"#, "the schema has no fields"),
            (#"{"fields":[]}"#, "the schema has no fields"),
            (#"{}"#, #"the body lacks the field ".fields""#),
            (#"7"#, "the body is not an object"),
            (#"[{"type":"bool"}]"#, "field 0 of the schema has no name"),
            (#"[{"name":"a"}]"#, ".a: the field has no type"),
            (#"[{"name":"","type":"bool"}]"#, ".: the name of a field has 1 to 255 bytes"),
            (#"[{"name":"a","type":"strng"}]"#, #".a: unknown type "strng". Did you mean "string"?"#),
            (#"[{"name":"a","type":"integer"}]"#, #".a: unknown type "integer". Did you mean "int64"?"#),
            (#"[{"name":"a","type":"qqqqqq"}]"#, #".a: unknown type "qqqqqq""#),
            (#"[{"name":"a","type":"list"}]"#, ".a: a list needs items"),
            (#"[{"name":"a","type":"list","items":{}}]"#, ".a[]: the field has no type"),
            (#"[{"name":"a","type":"struct"}]"#, ".a: a struct needs fields"),
            (#"[{"name":"a","type":"struct","fields":[]}]"#, ".a: a struct needs fields"),
            (#"[{"name":"a","type":"bool"},{"name":"a","type":"bool"}]"#, ".a: the name occurs twice"),
            (
                #"[{"name":"a","type":"list","items":{"type":"struct","fields":[{"name":"b","type":"x"}]}}]"#,
                #".a[].b: unknown type "x""#
            ),
            (#"[{"name":"a","type":"decimal128"}]"#, ".a: a decimal128 needs a precision"),
            (#"[{"name":"a","type":"decimal128","precision":39}]"#, ".a: precision 39 is not between 1 and 38"),
            (#"[{"name":"a","type":"decimal128","precision":0}]"#, ".a: precision 0 is not between 1 and 38"),
            (
                #"[{"name":"a","type":"decimal128","precision":4,"scale":5}]"#,
                ".a: scale 5 is not between 0 and the precision, 4"
            ),
            (
                #"[{"name":"a","type":"decimal128","precision":4,"scale":-1}]"#,
                ".a: scale -1 is not between 0 and the precision, 4"
            ),
            (#"[{"name":"a","type":"timestamp","unit":"minute"}]"#, #".a: unknown unit "minute""#),
            (#"[{"name":"a","type":"string","unit":"second"}]"#, ".a: the type string has no unit"),
            (#"[{"name":"a","type":"int64","precision":3}]"#, ".a: the type int64 has no precision"),
            (#"[{"name":"a","type":"bool","items":{"type":"bool"}}]"#, ".a: the type bool has no items"),
            (#"[{"name":"a","type":"list","items":"bool","fields":[]}]"#, ".a: the type list has no fields"),
            (#"[{"name":"a","type":5}]"#, #"the field "[0].type" is not a string"#),
        ]
    )
    func wrong(json: String, expected: String) {
        #expect(message(json) == expected)
    }

    @Test("a schema too large or too deep is refused")
    func bounds() {
        let many = (0...Limits.schemaFieldsMax).map { #"{"name":"f\#($0)","type":"bool"}"# }.joined(separator: ",")
        #expect(message("[\(many)]") == "the schema has more than 1000 fields")
        func nested(_ levels: Int) -> String {
            let open = String(repeating: #"{"type":"list","items":"#, count: levels - 1)
            let lists = open + #"{"type":"bool"}"# + String(repeating: "}", count: levels - 1)
            return #"[{"name":"a",\#(lists.dropFirst())]"#
        }
        #expect(message(nested(Limits.schemaDepthMax)) == "accepted")
        #expect(message(nested(Limits.schemaDepthMax + 1)).hasSuffix("nested deeper than 16 levels"))
        let long = String(repeating: "n", count: Limits.schemaNameBytesMax)
        #expect(message(#"[{"name":"\#(long)","type":"bool"}]"#) == "accepted")
        #expect(message(#"[{"name":"\#(long)n","type":"bool"}]"#).contains("1 to 255 bytes"))
    }
}

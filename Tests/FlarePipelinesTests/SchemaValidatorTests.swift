import FlareModel
import Testing

@testable import FlarePipelines

@Suite("checking records against a schema")
struct SchemaValidatorTests {
    private static let schema = """
        {"fields":[
          {"name":"id","type":"int64","required":true},
          {"name":"flag","type":"bool"}, {"name":"i32","type":"int32"}, {"name":"u32","type":"uint32"},
          {"name":"u64","type":"uint64"}, {"name":"f32","type":"float32"}, {"name":"f64","type":"float64"},
          {"name":"price","type":"decimal128","precision":6,"scale":2}, {"name":"name","type":"string"},
          {"name":"s","type":"timestamp","unit":"second"}, {"name":"ms","type":"timestamp","unit":"millisecond"},
          {"name":"ns","type":"timestamp","unit":"nanosecond"}, {"name":"any","type":"json"},
          {"name":"must","type":"struct","fields":[{"name":"any","type":"json","required":true}]},
          {"name":"raw","type":"bytes"}, {"name":"a.b","type":"bool"}, {"name":"\u{e9}","type":"bool"},
          {"name":"tags","type":"list","items":{"type":"string"}},
          {"name":"user","type":"struct","fields":[
            {"name":"id","type":"int64","required":true}, {"name":"nick","type":"string"}]},
          {"name":"items","type":"list","items":{"type":"struct","required":true,"fields":[
            {"name":"sku","type":"string","required":true}]}},
          {"name":"grid","type":"list","items":{"type":"list","items":{"type":"int32","required":true}}}
        ]}
        """

    private func mismatch(_ record: String, schema: String = schema) throws -> String? {
        let validator = try SchemaValidator(RecordSchema(json: schema.utf8))
        return Array(record.utf8).withUnsafeBufferPointer { validator.mismatch(in: $0) }
    }

    @Test(
        "what fits is accepted",
        arguments: [
            #"{"id":1}"#, #" { "id" : 1 } "#, #"{"id":-9223372036854775808}"#, #"{"id":9223372036854775807}"#,
            #"{"id":1.0}"#, #"{"id":1e3}"#, #"{"id":12.50e1}"#, #"{"id":0.0e-5}"#, #"{"id":-0}"#,
            #"{"id":9223372036854775807.000}"#, #"{"id":1,"unknown":{"deep":[1,{"x":null}]}}"#,
            #"{"id":1,"flag":true}"#, #"{"id":1,"flag":false}"#, #"{"id":1,"flag":null}"#,
            #"{"id":1,"i32":2147483647}"#, #"{"id":1,"i32":-2147483648}"#, #"{"id":1,"u32":4294967295}"#,
            #"{"id":1,"u64":18446744073709551615}"#, #"{"id":1,"u64":1.8446744073709551615e19}"#, #"{"id":1,"u64":0}"#,
            #"{"id":1,"f32":3.4e38}"#, #"{"id":1,"f64":1e308}"#, #"{"id":1,"f64":-1e-400}"#, #"{"id":1,"f64":5}"#,
            #"{"id":1,"price":9999.99}"#, #"{"id":1,"price":"-9999.99"}"#, #"{"id":1,"price":1e3}"#,
            #"{"id":1,"price":12.3400}"#, #"{"id":1,"price":"0"}"#, #"{"id":1,"price":"\u0031.5"}"#,
            #"{"id":1,"name":""}"#, #"{"id":1,"name":"a \"quoted\" \\ name"}"#, #"{"id":1,"name":"}{][,:"}"#,
            #"{"id":1,"s":1700000000}"#, #"{"id":1,"s":"2024-02-29T23:59:60Z"}"#, #"{"id":1,"ms":-1}"#,
            #"{"id":1,"ms":"2024-01-01T00:00:00.123456+05:30"}"#, #"{"id":1,"ms":"0000-01-01 00:00:00z"}"#,
            #"{"id":1,"ns":"2262-04-11T23:47:16.854775807Z"}"#, #"{"id":1,"ns":1e18}"#,
            #"{"id":1,"any":[{"x":1}]}"#, #"{"id":1,"any":null}"#, #"{"id":1,"must":{"any":null}}"#,
            #"{"id":1,"raw":""}"#, #"{"id":1,"raw":"AAEC"}"#, #"{"id":1,"raw":"AAE="}"#, #"{"id":1,"raw":"AAE"}"#,
            #"{"id":1,"raw":"-_\/+"}"#, #"{"id":1,"a.b":true}"#, #"{"id":1,"\u00e9":true}"#,
            #"{"id":1,"tags":[]}"#, #"{"id":1,"tags":["a",null,"b"]}"#, #"{"id":1,"tags":null}"#,
            #"{"id":1,"user":{"id":7}}"#, #"{"id":1,"user":{"nick":null,"id":7,"more":1}}"#,
            #"{"id":1,"items":[{"sku":"a"},{"x":0,"sku":"b"}]}"#, #"{"id":1,"items":[ ]}"#,
            #"{"id":1,"grid":[[1,2],[],null]}"#, #"{"id":1,"grid":[ [ 1 , 2 ] , [ 3 ] ]}"#,
            #"{"id":"x","id":1}"#, #"{"\u0069d":1}"#, #"{"id":1,"user":{"id":"x"},"user":{"id":2}}"#,
            #"{"user":{"id":3},"id":1,"user":null}"#, #"{"tags":[1],"id":1,"tags":[]}"#,
        ]
    )
    func fits(record: String) throws {
        #expect(try mismatch(record) == nil)
    }

    @Test(
        "what does not fit is named with its path",
        arguments: [
            (#"{}"#, ".id is required and missing"),
            (#"{"flag":true}"#, ".id is required and missing"),
            (#"{"id":null}"#, ".id: expected int64, found null"),
            (#"{"id":"1"}"#, ".id: expected int64, found a string"),
            (#"{"id":[1]}"#, ".id: expected int64, found an array"),
            (#"{"id":{"id":1}}"#, ".id: expected int64, found an object"),
            (#"{"id":true}"#, ".id: expected int64, found a boolean"),
            (#"{"id":1.5}"#, ".id: expected int64, found a number with a fraction"),
            (#"{"id":1e-1}"#, ".id: expected int64, found a number with a fraction"),
            (#"{"id":9223372036854775808}"#, ".id: expected int64, found a number out of its range"),
            (#"{"id":1e400}"#, ".id: expected int64, found a number out of its range"),
            (#"{"id":1,"id":"x"}"#, ".id: expected int64, found a string"),
            (#"{"id":1,"flag":0}"#, ".flag: expected bool, found a number"),
            (#"{"id":1,"i32":2147483648}"#, ".i32: expected int32, found a number out of its range"),
            (#"{"id":1,"u32":-1}"#, ".u32: expected uint32, found a number out of its range"),
            (#"{"id":1,"u32":4294967296}"#, ".u32: expected uint32, found a number out of its range"),
            (#"{"id":1,"u64":18446744073709551616}"#, ".u64: expected uint64, found a number out of its range"),
            (#"{"id":1,"u64":-1}"#, ".u64: expected uint64, found a number out of its range"),
            (#"{"id":1,"f32":1e39}"#, ".f32: expected float32, found a number out of its range"),
            (#"{"id":1,"f64":1e309}"#, ".f64: expected float64, found a number out of its range"),
            (#"{"id":1,"f64":"1"}"#, ".f64: expected float64, found a string"),
            (#"{"id":1,"price":10000}"#, ".price: expected decimal128(6,2), found a number that it cannot hold"),
            (#"{"id":1,"price":0.001}"#, ".price: expected decimal128(6,2), found a number that it cannot hold"),
            (
                #"{"id":1,"price":"1,5"}"#,
                ".price: expected decimal128(6,2), found a string that is no number it can hold"
            ),
            (#"{"id":1,"price":""}"#, ".price: expected decimal128(6,2), found a string that is no number it can hold"),
            (#"{"id":1,"price":false}"#, ".price: expected decimal128(6,2), found a boolean"),
            (#"{"id":1,"name":1}"#, ".name: expected string, found a number"),
            (#"{"id":1,"ms":1.5}"#, ".ms: expected timestamp, found a number with a fraction"),
            (#"{"id":1,"ms":true}"#, ".ms: expected timestamp, found a boolean"),
            (#"{"id":1,"s":9223372036854775807}"#, ".s: expected timestamp, found a number out of its range"),
            (
                #"{"id":1,"ns":"2263-01-01T00:00:00Z"}"#,
                ".ns: expected timestamp, found a string that is no RFC 3339 time in its range"
            ),
            (#"{"id":1,"raw":"A"}"#, ".raw: expected bytes, found a string that is not base64"),
            (#"{"id":1,"raw":"AA=="}"#, nil),
            (#"{"id":1,"raw":"AA="}"#, ".raw: expected bytes, found a string that is not base64"),
            (#"{"id":1,"raw":"A A="}"#, ".raw: expected bytes, found a string that is not base64"),
            (#"{"id":1,"a.b":1}"#, #"."a.b": expected bool, found a number"#),
            (#"{"id":1,"tags":"a"}"#, ".tags: expected list, found a string"),
            (#"{"id":1,"tags":["a",2]}"#, ".tags[1]: expected string, found a number"),
            (#"{"id":1,"user":[]}"#, ".user: expected struct, found an array"),
            (#"{"id":1,"user":{}}"#, ".user.id is required and missing"),
            (#"{"id":1,"user":{"id":"x"}}"#, ".user.id: expected int64, found a string"),
            (#"{"user":{"id":"x"},"id":1}"#, ".user.id: expected int64, found a string"),
            (#"{"id":1,"must":{}}"#, ".must.any is required and missing"),
            (#"{"id":1,"items":[{"sku":"a"},null]}"#, ".items[1]: expected struct, found null"),
            (
                #"{"id":1,"items":[{"sku":"a"},{"sku":"b"},{"sku":"c"},{"sku":null}]}"#,
                ".items[3].sku: expected string, found null"
            ),
            (#"{"id":1,"items":[{"sku":"a"},{}],"tags":[]}"#, ".items[1].sku is required and missing"),
            (#"{"id":1,"grid":[[1],[2,null]]}"#, ".grid[1][1]: expected int32, found null"),
            (#"{"id":1,"grid":[1]}"#, ".grid[0]: expected list, found a number"),
        ] as [(String, String?)]
    )
    func wrong(record: String, expected: String?) throws {
        #expect(try mismatch(record) == expected)
    }

    @Test(
        "only RFC 3339 is a time",
        arguments: [
            "", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00Z", "2024-1-01T00:00:00Z", "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+0000",
            "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00Zx", "2024-01-01X00:00:00Z", "20a4-01-01T00:00:00Z",
            "2024-01-01T00:00:00.123", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
        ]
    )
    func notATime(text: String) throws {
        let expected = ".s: expected timestamp, found a string that is no RFC 3339 time in its range"
        #expect(try mismatch(#"{"id":1,"s":"\#(text)"}"#) == expected)
    }

    @Test("a struct of many members is checked in any order")
    func wide() throws {
        let fields = (0..<300).map { #"{"name":"field\#($0)","type":"int32","required":true}"# }
        let schema = "[\(fields.joined(separator: ","))]"
        let members = (0..<300).map { "\"field\($0)\":\($0)" }
        #expect(try mismatch("{\(members.joined(separator: ","))}", schema: schema) == nil)
        #expect(try mismatch("{\(members.reversed().joined(separator: ","))}", schema: schema) == nil)
        let without = members.filter { !$0.contains("field217\"") }
        #expect(
            try mismatch("{\(without.joined(separator: ","))}", schema: schema) == ".field217 is required and missing"
        )
    }

    @Test(
        "numbers keep all their digits",
        arguments: [
            ("0", "0", 0), ("-12.50", "-125", -1), ("1200", "12", 2), ("0.00120", "12", -4), ("1e5", "1", 5),
            ("100e-2", "1", 0), ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 0),
            ("1200.050", "120005", -2), ("10000000000000000000000000000000000000000000000", "1", 46),
        ]
    )
    func decimals(text: String, digits: String, exponent: Int) throws {
        let number = try #require(Array(text.utf8).withUnsafeBufferPointer { DecimalNumber($0) })
        #expect((number.isNegative ? "-" : "") + String(number.digits) == digits)
        #expect(number.exponent == exponent)
    }

    @Test(
        "what is no number is not read as one",
        arguments: ["", "-", "1.", ".5", "01", "1e", "+1", "1x", "1 ", "--1", "NaN"]
    )
    func notANumber(text: String) {
        #expect(Array(text.utf8).withUnsafeBufferPointer { DecimalNumber($0) } == nil)
    }

    @Test("no cut or spoiled record leads the check out of its bytes")
    func spoiled() throws {
        let validator = try SchemaValidator(RecordSchema(json: Self.schema.utf8))
        let record = Array(#"{"id":1,"tags":["a\"",null],"user":{"id":2},"items":[{"sku":"x"}],"grid":[[1]]}"#.utf8)
        for length in 0...record.count {
            var cut = Array(record[..<length])
            _ = cut.withUnsafeBufferPointer { validator.mismatch(in: $0) }
            guard length < record.count else { continue }
            for byte in Array("{}[]\",:\\n1 ".utf8) {
                cut = record
                cut[length] = byte
                _ = cut.withUnsafeBufferPointer { validator.mismatch(in: $0) }
            }
        }
    }
}

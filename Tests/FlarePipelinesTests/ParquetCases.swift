@testable import FlarePipelines

extension ParquetCase {
    static var all: [ParquetCase] {
        found + declared + large + random
    }

    /// Without a schema: the fields are found.
    private static let found = [
        ParquetCase(name: "empty", lines: []),
        ParquetCase(name: "empty-objects", lines: ["{}", "{ }", "{}"]),
        ParquetCase(
            name: "scalars",
            lines: [
                #"{"b":true,"i":1,"d":1.5,"s":"a","n":null}"#, #"{"b":false,"i":-2,"d":-0.0,"s":"","n":null}"#,
                #"{"b":null,"i":null,"d":null,"s":null}"#, #" { "s" : "b" , "i" : 3 } "#, "{}",
            ]
        ),
        ParquetCase(
            name: "extremes",
            lines: [
                #"{"i":9223372036854775807,"u":18446744073709551615,"d":1.7976931348623157e308,"m":1,"x":1e400}"#,
                #"{"i":-9223372036854775808,"u":0,"d":2.2250738585072014e-308,"m":2.5,"x":1}"#,
                #"{"i":0,"u":1,"d":5e3,"m":-3,"x":123456789012345678901234567890}"#,
                #"{"i":-0,"u":9223372036854775808,"d":0.1,"m":1e2,"x":-1}"#,
            ]
        ),
        ParquetCase(
            name: "numbers-kept",
            lines: [
                #"{"a":9007199254740993,"b":9007199254740992,"c":0.1234567890123456789,"d":5e-324,"e":-1}"#,
                #"{"a":0.5,"b":0.5,"c":1,"d":0.0,"e":18446744073709551615}"#,
                #"{"a":1,"b":1,"c":2.50000000000000000000000,"d":0,"e":1}"#,
                #"{"a":1,"b":123456789012345680000,"c":2,"d":1.2345678901234567,"e":1}"#,
            ]
        ),
        ParquetCase(
            name: "conflicts",
            lines: [
                #"{"a":1,"b":"x","c":{"d":1},"e":[1],"f":true,"g":{}}"#,
                #"{"a":"1","b":null,"c":[1],"e":["a"],"f":0,"g":{}}"#,
                #"{"a":null,"b":{"x":"y \" z"},"c":"text","e":[[1]],"f":"t","g":null}"#,
                #"{"a":[1, 2 , {"z":null}],"b":3,"c":{"d":"1"},"e":[null,{}],"f":null}"#,
            ]
        ),
        ParquetCase(
            name: "lists",
            lines: [
                #"{"a":[1,2,3],"b":["x"],"c":[[1],[2,3]],"d":[{"k":1,"v":"x"}],"e":[]}"#,
                #"{"a":[],"b":null,"c":[],"d":[],"e":[]}"#,
                #"{"a":null,"b":[null],"c":[[],null,[null,4]],"d":[null,{},{"v":"y"},{"k":2}],"e":null}"#,
                #"{"a":[null,1],"b":[null,"y",null],"c":[null],"d":null,"e":[null]}"#, "{}",
                #"{"d":[{"k":3,"l":[{"m":[1,2]},{"m":[]},{"m":null},{},null]},{"l":[]}],"a":[7]}"#,
            ]
        ),
        ParquetCase(
            name: "structs",
            lines: [
                #"{"u":{"id":1,"n":{"x":{"y":1}}},"e":{}}"#, #"{"u":{"id":null,"n":{"x":null}},"e":{}}"#,
                #"{"u":{"n":null},"e":null}"#, #"{"u":{}}"#, #"{"u":null}"#, "{}",
                #"{"u":{"n":{"x":{}},"t":["a",null]}}"#, #"{"u":{"n":{"x":{"y":null}},"t":[]}}"#,
            ]
        ),
        ParquetCase(
            name: "unicode",
            lines: [
                #"{"s":"gr\u00fc\u00dfe \ud83d\ude00 😀","é":"\b\f\n\r\t\"\\\/","日本":1,"a b":2,"a.b":3,"":4}"#,
                #"{"s":"\ud800","é":"\udc00\ud800x","日本":2,"\u0061 b":5,"a.b":null,"":5}"#,
                #"{"s":"\u0000","é":"\uffff\ud83d\u0041"}"#,
            ]
        ),
        ParquetCase(
            name: "repeated-names",
            lines: [
                #"{"a":1,"a":"two","b":{"c":1,"c":{"d":1},"c":{"d":2,"d":3}}}"#,
                #"{"a":"x","\u0061":"y","b":{"c":null},"l":[{"k":1,"k":2}]}"#,
            ]
        ),
        ParquetCase(
            name: "extra-by-name",
            lines: [#"{"_extra":1,"_extra_":"x"}"#, #"{"_extra":2}"#]
        ),
        ParquetCase(
            name: "long-bounds",
            lines: [
                "{\"s\":\"\(String(repeating: "é", count: 100))\","
                    + "\"t\":\"\(String(repeating: "\u{10FFFF}", count: 40))\"}",
                "{\"s\":\"\(String(repeating: "z", count: 63))ü\(String(repeating: "z", count: 63))\",\"t\":\"a\"}",
                "{\"s\":\"\(String(repeating: "\u{D7FF}", count: 50))\",\"t\":\"\u{10FFFF}\"}",
            ]
        ),
    ]

    private static let everyType = """
        {"fields":[
          {"name":"id","type":"int64","required":true}, {"name":"flag","type":"bool"}, {"name":"i","type":"int32"},
          {"name":"ui","type":"uint32"}, {"name":"ul","type":"uint64"}, {"name":"f","type":"float32"},
          {"name":"d","type":"float64"}, {"name":"p","type":"decimal128","precision":38,"scale":10},
          {"name":"q","type":"decimal128","precision":5,"scale":2,"required":true}, {"name":"s","type":"string"},
          {"name":"ts","type":"timestamp","unit":"second"}, {"name":"tm","type":"timestamp","unit":"millisecond"},
          {"name":"tu","type":"timestamp","unit":"microsecond"}, {"name":"tn","type":"timestamp","unit":"nanosecond"},
          {"name":"j","type":"json"}, {"name":"raw","type":"binary"},
          {"name":"l","type":"list","items":{"type":"string"}},
          {"name":"u","type":"struct","fields":[{"name":"id","type":"int32","required":true},
            {"name":"tags","type":"list","items":{"type":"struct","required":true,"fields":[
              {"name":"k","type":"string","required":true},{"name":"v","type":"float64"}]}}]}
        ]}
        """

    private static let everyTypeLines = [
        #"""
        {"id":1,"flag":true,"i":-2147483648,"ui":4294967295,"ul":18446744073709551615,"f":1.1,"d":1e308,\#
        "p":"9999999999999999999999999999.9999999999","q":999.99,"s":"x","ts":1700000000,\#
        "tm":"2024-02-29T12:34:56.789Z","tu":"1969-12-31T23:59:59.999999+01:30","tn":"2262-04-11T23:47:16.854775807Z",\#
        "j":{"a":[1,null]},"raw":"AAECgP8=","l":["a",null,""],"u":{"id":7,"tags":[{"k":"a","v":1},{"k":"b"}]}}
        """#,
        #"""
        {"id":-9223372036854775808,"flag":false,"i":2147483647,"ui":0,"ul":0,"f":-3.4e38,"d":5e-324,\#
        "p":-9999999999999999999999999999.9999999999,"q":"-1e-2","s":"\u00e9\n","ts":"0999-01-01T00:00:00Z",\#
        "tm":-62135596800000,"tu":"9999-12-31T23:59:59.999999Z","tn":-9223372036854775808,"j":"text","raw":"",\#
        "l":[],"u":{"id":-1,"tags":[]}}
        """#,
        #"{"id":1e3,"q":5,"i":1.0,"ul":1.8446744073709551615e19,"p":0.5,"ts":-1,"j":null}"#,
        #"{"q":"0.10","id":0,"u":null,"l":null,"raw":"-_-_","j":[1, 2],"f":16777217}"#,
        #"{"q":1,"id":0,"tn":"2024-01-01T00:00:00.123456789123Z","tm":"2024-01-01 00:00:00.1239z"}"#,
        #"{"id":2,"q":0,"u":{"id":3,"tags":null},"j":12345678901234567890.10,"d":7}"#,
    ]

    private static let declared =
        ParquetCompression.allCases.map {
            ParquetCase(name: "types-\($0)", lines: everyTypeLines, schema: everyType, compression: $0)
        } + [
            ParquetCase(name: "types-empty", lines: [], schema: everyType),
            ParquetCase(
                name: "types-extra",
                lines: everyTypeLines + [
                    #"{"id":3,"q":1,"more":{"x":[1]},"u":{"id":1,"more":2,"tags":[{"k":"z","w":null}]}}"#,
                    #"{"id":4,"q":1,"_extra":"mine","\u006dore":null}"#,
                ],
                schema: everyType,
                compression: .snappy
            ),
            ParquetCase(
                name: "types-misfits",
                lines: everyTypeLines + [
                    #"{"id":"x","q":1,"i":1.5,"l":["a",1],"u":{"id":null}}"#,
                    #"{"q":1000,"s":5,"raw":"?","ts":"soon"}"#,
                    #"{"id":5,"u":{"tags":[{"k":null}]},"more":1,"flag":"yes"}"#,
                ],
                schema: everyType,
                compression: .gzip
            ),
            ParquetCase(
                name: "required-json",
                lines: [#"{"j":null,"l":[null,1,"x"]}"#, #"{"j":{"a":1},"l":[]}"#],
                schema: """
                    [{"name":"j","type":"json","required":true},
                     {"name":"l","type":"list","required":true,"items":{"type":"json","required":true}}]
                    """
            ),
            ParquetCase(
                name: "own-extra",
                lines: [#"{"_extra":1,"x":2}"#, #"{"_extra":3}"#],
                schema: #"[{"name":"_extra","type":"int64"}]"#
            ),
        ]
}

import FlareModel
import Testing

@testable import FlareWorkers

@Suite struct TaggedJSONTests {
    @Test func `plain JSON is tagged JSON already, byte for byte`() throws {
        let text = Array(#"{"z":1, "a":[{"b":"$"}]}"#.utf8)
        #expect(try TaggedJSON.escape(json: text) == text)
    }

    @Test func `an object with the tag's key is escaped and shown as it was`() throws {
        let escaped = try TaggedJSON.escape(json: Array(#"[{"$":"Date","v":{"$":1}}]"#.utf8))
        #expect(String(decoding: escaped, as: UTF8.self).hasPrefix(#"[{"$":"Object","v":{"$":"Date""#))
        #expect(TaggedJSON.plain(escaped) == (try JSONValue(json: #"[{"$":"Date","v":{"$":1}}]"#.utf8)))
    }

    @Test func `values that JSON lacks are shown readably`() throws {
        let date = #"{"$":"Date","v":"2013-01-01T00:00:00.000Z"}"#
        let text = #"{"d":\#(date),"u":{"$":"undefined"},"n":{"$":"bigint","v":"12"}}"#
        let plain = TaggedJSON.plain(Array(text.utf8))
        #expect(plain == .object(["d": .string("2013-01-01T00:00:00.000Z"), "u": .null, "n": .string("12")]))
        #expect(TaggedJSON.plain([]) == .null)
    }

    @Test func `a batch becomes one payload`() throws {
        let bodies = [
            TaggedJSON.message(Array(#"{"a":1}"#.utf8), contentType: "json"),
            TaggedJSON.message(Array("hé".utf8), contentType: "text"), TaggedJSON.message([255], contentType: "bytes"),
            TaggedJSON.message(Array("{".utf8), contentType: "json"),
        ]
        let payload = TaggedJSON.batchPayload(queue: "q", bodies: bodies)
        let expected = #"{"queue":"q","messages":[{"a":1},"hé",{"$":"Uint8Array","v":"/w=="},"{"]}"#
        #expect(String(decoding: payload, as: UTF8.self) == expected)
    }
}

import FlareModel
import Testing

@testable import FlareGateway

@Suite("what is kept of a Kafka record besides its value")
struct KafkaMembersTests {
    private func members(_ sample: KafkaSample) throws -> JSONValue {
        var members = KafkaMembers()
        var budget = 0
        let bytes = sample.batch()
        try bytes.withUnsafeBufferPointer { bytes in
            var rest = KafkaBytes(bytes)
            try RecordBatch(&rest).forEach(budget: &budget) { members.set($0) }
        }
        return try JSONValue(json: Array("{".utf8) + members.bytes + Array("}".utf8))["_kafka"] ?? .null
    }

    @Test("text is text, other bytes are base64, null is null")
    func kinds() throws {
        var sample = KafkaSample()
        #expect(try members(sample)["key"] == .null)
        #expect(try members(sample)["headers"] == .array([]))
        #expect(try members(sample)["timestamp"] == .integer(1_700_000_000_000))
        sample.key = Array("a \"b\" \\ \n ü 🙂".utf8)
        #expect(try members(sample)["key"] == .string("a \"b\" \\ \n ü 🙂"))
        sample.key = []
        #expect(try members(sample)["key"] == .string(""))
        for (bytes, text) in [([0xFF], "/w=="), ([0xFF, 0xFE], "//4="), ([0xFF, 0xFE, 0xFD], "//79")] {
            sample.key = bytes.map { UInt8($0) }
            #expect(try members(sample)["key"]?["base64"] == .string(text))
        }
        // Half a character, an overlong one and half a surrogate pair are no UTF-8.
        for bytes: [UInt8] in [[0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0x61, 0x80]] {
            sample.key = bytes
            #expect(try members(sample)["key"]?["base64"] != nil)
        }
    }

    @Test("headers keep their order and their repeated names")
    func headers() throws {
        var sample = KafkaSample()
        sample.headers = [(Array("b".utf8), Array("1".utf8)), (Array("a".utf8), nil), (Array("b".utf8), [0xFF])]
        let headers = try members(sample)["headers"]?.arrayValue ?? []
        #expect(headers.map { $0["key"] } == [.string("b"), .string("a"), .string("b")])
        #expect(headers[0]["value"] == .string("1"))
        #expect(headers[1]["value"] == .null)
        #expect(headers[2]["value"]?["base64"] == .string("/w=="))
    }
}

import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("batches on their way to the log")
struct IngestBatchTests {
    private let time = Timestamp(milliseconds: 1_000)

    private func batch(stamp: ProducerStamp? = nil) -> IngestBatch {
        IngestBatch(source: .kafka, rules: IngestRules(), stamp: stamp, at: time, capacity: 64)
    }

    private func records(_ batch: IngestBatch) throws -> [String] {
        try batch.frames.flatMap { frame in
            try IngestFrameReader.read(frame.payload, recordCount: frame.recordCount).records.map {
                try #require(frame.payload.getString(at: $0.lowerBound, length: $0.count))
            }
        }
    }

    private func add(_ record: String, members: String? = nil, to batch: inout IngestBatch) -> String? {
        Array(record.utf8).withUnsafeBufferPointer { batch.add(record: $0, members: members.map { Array($0.utf8) }) }
    }

    /// An object of exactly so many bytes.
    private func object(bytes: Int) -> String { "{\"x\":\"\(String(repeating: "x", count: bytes - 8))\"}" }

    @Test("gather several bodies, each with its own account of what was refused")
    func severalBodies() throws {
        var batch = batch()
        let first = try batch.add(body: ByteBuffer(string: "[{\"n\":1},2,{\"n\":3}]"), form: .detect)
        #expect(first.accepted == 2 && first.refusedCount == 1 && first.refused.map(\.index) == [1])
        let second = try batch.add(body: ByteBuffer(string: "{\"n\":4}\n5\n6\n"), form: .lines)
        #expect(second.accepted == 1 && second.refusedCount == 2 && second.refused.map(\.index) == [1, 2])
        #expect(batch.recordCount == 3 && batch.refusedCount == 3)
        #expect(batch.lineBytes == 24)
        #expect(try records(batch) == ["{\"n\":1}", "{\"n\":3}", "{\"n\":4}"])
    }

    @Test("keep nothing of a body that turns out to be unusable")
    func unusable() throws {
        var batch = batch()
        #expect(throws: FlareError.self) { try batch.add(body: ByteBuffer(string: "[{\"n\":0},"), form: .detect) }
        #expect(batch.isEmpty && batch.frames.isEmpty && batch.lineBytes == 0)
        try batch.add(body: ByteBuffer(string: "[{\"n\":1},2]"), form: .detect)
        #expect(throws: FlareError.self) {
            try batch.add(body: ByteBuffer(string: "[{\"n\":7},8,{\"n\":9},]"), form: .detect)
        }
        #expect(batch.recordCount == 1 && batch.refusedCount == 1 && batch.refused.count == 1)
        #expect(batch.lineBytes == 8)
        try batch.add(body: ByteBuffer(string: "{\"n\":2}"), form: .detect)
        #expect(try records(batch) == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test("keep nothing of an unusable body that had begun another frame")
    func unusableOverFrames() throws {
        var batch = batch()
        try batch.add(body: ByteBuffer(string: "{\"n\":1}"), form: .detect)
        let large = (0..<5).map { _ in object(bytes: 999_000) }.joined(separator: ",")
        #expect(throws: FlareError.self) { try batch.add(body: ByteBuffer(string: "[\(large)"), form: .detect) }
        #expect(batch.frames.count == 1 && batch.recordCount == 1 && batch.lineBytes == 8)
        try batch.add(body: ByteBuffer(string: "[\(large)]"), form: .detect)
        #expect(batch.frames.count == 2)
        #expect(try records(batch).map(\.utf8.count) == [7] + Array(repeating: 999_000, count: 5))
    }

    @Test("with a stamp are one frame, whatever their size")
    func stamped() throws {
        let stamp = ProducerStamp(kind: .idempotencyKey, id: Array("key".utf8))
        var batch = batch(stamp: stamp)
        let large = (0..<5).map { _ in object(bytes: 999_000) }.joined(separator: ",")
        try batch.add(body: ByteBuffer(string: "[\(large)]"), form: .detect)
        try batch.add(body: ByteBuffer(string: "{\"n\":1}"), form: .detect)
        #expect(batch.frames.count == 1)
        #expect(try IngestFrameReader.stamp(of: batch.frames[0].payload).stamp == stamp)
        #expect(try records(batch).count == 6)
    }

    @Test("list only so many refused records, and count all")
    func manyRefused() throws {
        var batch = batch()
        let body = Array(repeating: "1", count: Limits.refusedListedMax + 5).joined(separator: ",")
        let added = try batch.add(body: ByteBuffer(string: "[\(body)]"), form: .detect)
        #expect(added.refused.count == Limits.refusedListedMax)
        #expect(added.refusedCount == Limits.refusedListedMax + 5)
        let more = try batch.add(body: ByteBuffer(string: "[{},1]"), form: .detect)
        #expect(more.refused.isEmpty && more.refusedCount == 1 && more.accepted == 1)
    }

    @Test(
        "put members behind those of a single record",
        arguments: [
            ("{}", "{\"_k\":1}"), ("{ }", "{ \"_k\":1}"), ("{\n}", "{ \"_k\":1}"), ("{\"a\":2}", "{\"a\":2,\"_k\":1}"),
            (" \t{\"a\":2 }\n", "{\"a\":2 ,\"_k\":1}"), ("{\"a\":\n2\r\n}", "{\"a\": 2  ,\"_k\":1}"),
            ("{\"a\":{}}", "{\"a\":{},\"_k\":1}"),
        ]
    )
    func members(record: String, expected: String) throws {
        var batch = batch()
        #expect(add(record, members: "\"_k\":1", to: &batch) == nil)
        #expect(try records(batch) == [expected])
        #expect(batch.lineBytes == expected.utf8.count + 1)
        #expect(try JSONValue(json: expected.utf8)["_k"] == .integer(1))
    }

    @Test("take a single record as it is when nothing is added")
    func single() throws {
        var batch = batch()
        #expect(add(" {\"a\":\r\n1} ", to: &batch) == nil)
        #expect(try records(batch) == ["{\"a\":  1}"])
        #expect(batch.lineBytes == 10)
    }

    @Test("say why a single value is no record, and keep nothing of it")
    func noRecord() {
        var batch = batch()
        #expect(add("[{}]", to: &batch) == "a record must be a JSON object, not an array")
        #expect(add("null", members: "\"a\":1", to: &batch) == "a record must be a JSON object, not null")
        for text in ["", " ", "{", "{}{}", "{} x", "{\"a\":}", "\u{FEFF}{}"] {
            #expect(add(text, to: &batch)?.hasPrefix("not valid JSON: ") == true, "\(text)")
        }
        #expect(batch.isEmpty && batch.refusedCount == 0)
    }

    @Test("hold a single record to the limit with what is added to it")
    func tooLarge() throws {
        var batch = batch()
        let limit = Limits.recordBytesMax
        #expect(add(object(bytes: limit), to: &batch) == nil)
        #expect(add(object(bytes: limit + 1), to: &batch)?.contains("more than the limit") == true)
        let members = "\"_k\":1"
        // One more byte for the comma.
        let largest = limit - members.utf8.count - 1
        #expect(add(object(bytes: largest), members: members, to: &batch) == nil)
        #expect(add(object(bytes: largest + 1), members: members, to: &batch)?.contains("more than") == true)
        #expect(try records(batch).map(\.utf8.count) == [limit, limit])
    }

    @Test("check a single record against the schema as it came, without what is added")
    func schema() throws {
        let schema = try RecordSchema(fields: [SchemaField(name: "a", type: .scalar(.int64), required: true)])
        let rules = IngestRules(schema: try SchemaValidator(schema))
        var batch = IngestBatch(source: .kafka, rules: rules, at: time, capacity: 0)
        #expect(add("{\"b\":1}", members: "\"a\":1", to: &batch) == ".a is required and missing")
        #expect(add("{\"a\":1}", members: "\"a\":\"x\"", to: &batch) == nil)
    }
}

import FlareBuckets
import FlareModel
import Testing

@Suite("Ranges and conditions")
struct ObjectRangeTests {
    @Test(
        "a Range header with one range of bytes is read, all else is left alone",
        arguments: [
            ("bytes=0-9", 0..<10), ("bytes=90-", 90..<100), ("bytes=-5", 95..<100), ("bytes=95-200", 95..<100),
            ("Bytes=1-1", 1..<2), ("bytes=0-1,5-6", nil), ("items=0-1", nil), ("bytes=5-1", nil), ("bytes=", nil),
            ("bytes=-", nil), ("bytes=a-b", nil), ("bytes=1-99999999999999999999", 1..<100),
            ("bytes=0-9223372036854775807", 0..<100), ("bytes=-99999999999999999999", 0..<100),
            ("bytes=99999999999999999999-", nil), ("bytes=99999999999999999999-99999999999999999999", nil),
        ] as [(String, Range<Int>?)]
    )
    func header(text: String, expected: Range<Int>?) {
        #expect(ObjectRange(header: text)?.resolve(size: 100) == expected)
    }

    @Test("a number that no object reaches is no bad syntax: there are no such bytes")
    func beyond() {
        #expect(ObjectRange(header: "bytes=99999999999999999999-") != nil)
        #expect(ObjectRange(header: "bytes=0-99999999999999999999") != nil)
    }

    @Test("a range without a byte of the object resolves to none")
    func unsatisfiable() {
        #expect(ObjectRange.from(offset: 100, length: nil).resolve(size: 100) == nil)
        #expect(ObjectRange.from(offset: 0, length: 0).resolve(size: 100) == nil)
        #expect(ObjectRange.from(offset: -1, length: 5).resolve(size: 100) == nil)
        #expect(ObjectRange.suffix(0).resolve(size: 100) == nil)
        #expect(ObjectRange.suffix(5).resolve(size: 0) == nil)
    }

    @Test("R2's ranges are read, and wrong ones refused")
    func json() throws {
        #expect(try ObjectRange(json: .null) == nil)
        #expect(try ObjectRange(json: .object(["offset": .integer(3)])) == .from(offset: 3, length: nil))
        #expect(try ObjectRange(json: .object(["length": .integer(3)])) == .from(offset: 0, length: 3))
        #expect(try ObjectRange(json: .object(["suffix": .integer(3)])) == .suffix(3))
        #expect(throws: FlareError.self) { try ObjectRange(json: .string("x")) }
        #expect(throws: FlareError.self) { try ObjectRange(json: .object(["offset": .integer(-3)])) }
        #expect(throws: FlareError.self) {
            try ObjectRange(json: .object(["offset": .integer(1), "suffix": .integer(3)]))
        }
    }

    private let uploaded = Timestamp(milliseconds: 10_500)

    @Test("etags decide, and outweigh the times of their pair")
    func conditions() {
        func outcome(_ conditions: ObjectConditions) -> ObjectConditions.Outcome {
            conditions.evaluate(etag: "e", uploaded: uploaded)
        }
        let (before, after) = (Timestamp(milliseconds: 10_400), Timestamp(milliseconds: 10_600))
        #expect(outcome(.init()) == .holds)
        #expect(outcome(.init(etagMatches: ["x", "e"])) == .holds)
        #expect(outcome(.init(etagMatches: ["*"])) == .holds)
        #expect(outcome(.init(etagMatches: ["x"])) == .failed)
        #expect(outcome(.init(etagDoesNotMatch: ["e"])) == .notModified)
        #expect(outcome(.init(etagDoesNotMatch: ["x"])) == .holds)
        #expect(outcome(.init(uploadedBefore: before)) == .failed)
        #expect(outcome(.init(uploadedBefore: after)) == .holds)
        #expect(outcome(.init(uploadedAfter: after)) == .notModified)
        #expect(outcome(.init(uploadedAfter: before)) == .holds)
        #expect(outcome(.init(etagMatches: ["e"], uploadedBefore: before)) == .holds)
        #expect(outcome(.init(etagDoesNotMatch: ["x"], uploadedAfter: after)) == .holds)
        #expect(outcome(.init(uploadedAfter: before, secondsGranularity: true)) == .notModified)
    }

    @Test("without an object only conditions on its absence hold")
    func absent() {
        func outcome(_ conditions: ObjectConditions) -> ObjectConditions.Outcome {
            conditions.evaluate(etag: nil, uploaded: nil)
        }
        #expect(outcome(.init(etagDoesNotMatch: ["*"])) == .holds)
        #expect(outcome(.init(etagMatches: ["*"])) == .failed)
        #expect(outcome(.init(uploadedBefore: uploaded)) == .holds)
        #expect(outcome(.init(uploadedAfter: uploaded)) == .failed)
    }

    @Test("conditional headers are read, quotes and weak marks ignored")
    func headers() {
        let headers = [
            "if-none-match": "W/\"a\", \"b\"", "if-modified-since": "Thu, 01 Jan 1970 00:00:10 GMT",
            "if-unmodified-since": "Thu, 01 Jan 1970 00:00:10 GMT",
        ]
        let conditions = ObjectConditions { headers[$0] }
        #expect(conditions.etagDoesNotMatch == ["a", "b"])
        #expect(conditions.uploadedAfter == Timestamp(milliseconds: 10_000))
        #expect(
            ObjectConditions { $0 == "if-unmodified-since" ? headers[$0] : nil }.evaluate(etag: "e", uploaded: uploaded)
                == .holds
        )
        #expect(ObjectConditions { _ in nil } == ObjectConditions(secondsGranularity: true))
    }
}

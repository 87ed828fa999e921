import FlareBuckets
import FlareModel
import FlareStore
import NIOCore
import Testing

@Suite("Objects")
struct ObjectTests {
    @Test("an object comes back as it was written, inline and from a file", arguments: [0, 1, 16_384, 16_385, 700_000])
    func roundTrip(size: Int) async throws {
        try await BucketsFixture.with { f in
            let bytes = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let metadata = ObjectMetadata(
                http: HTTPMetadata(contentType: "text/plain", cacheExpiry: Timestamp(milliseconds: 1000)),
                custom: ["owner": "me"]
            )
            let record = try await f.service.put("k", in: "data", bytes: bytes, metadata: metadata)
            #expect(record?.size == size)
            #expect(record?.metadata == metadata)
            #expect(record?.file == nil || size > 16_384)
            #expect(try await f.service.head("k", in: "data") == record)
            #expect(try await f.service.bytes("k", in: "data") == bytes)
            #expect(try await f.objects.listIDs().count == (size > 16_384 ? 1 : 0))
        }
    }

    @Test("a body that arrives in pieces has the MD5 of the whole as its etag")
    func streaming() async throws {
        try await BucketsFixture.with { f in
            let record = try await f.service.put("big", in: "data", Pieces(100, of: 4096))
            #expect(record?.size == 409_600)
            let whole = try await f.service.bytes("big", in: "data")
            let again = try await f.service.put("again", in: "data", bytes: whole)
            #expect(again?.etag == record?.etag)
            let small = try await f.service.put("small", in: "data", Pieces(5, of: 1))
            #expect(small?.file == nil)
            #expect(
                try await f.service.put("hello", in: "data", bytes: ByteBuffer(string: "hello"))?.etag
                    == "5d41402abc4b2a76b9719d911017c592"
            )
        }
    }

    @Test("a body that breaks off leaves the older object and no file")
    func brokenBody() async throws {
        try await BucketsFixture.with { f in
            try await f.put("k", "old")
            for count in [1, 100] {
                let code = await code {
                    try await f.service.put("k", in: "data", Pieces(count, of: 4096, failure: ConnectionLost()))
                }
                #expect(code == .interrupted)
            }
            let short = ObjectExpectation(sizeBytes: 999_999)
            #expect(
                await code { try await f.service.put("k", in: "data", Pieces(9, of: 4096), expecting: short) }
                    == .invalidData
            )
            let other = ObjectExpectation(md5: "00")
            #expect(
                await code { try await f.service.put("k", in: "data", Pieces(9, of: 4096), expecting: other) }
                    == .digestMismatch
            )
            #expect(try await f.text("k") == "old")
            #expect(try await f.objects.listIDs().isEmpty)
        }
    }

    @Test("a full disk is told as such, leaves nothing, and writes go on when there is room")
    func diskFull() async throws {
        let disk = FaultyDisk(capacityBytes: 100_000)
        try await BucketsFixture.with(disk: disk) { f in
            let refused = await code { try await f.service.put("k", in: "data", Pieces(100, of: 4096)) }
            #expect(refused == .diskFull)
            let missing = try await f.service.head("k", in: "data")
            #expect(missing == nil)
            #expect(disk.usedBytes == 0)
            disk.capacityBytes = 10_000_000
            let written = try await f.service.put("k", in: "data", Pieces(100, of: 4096))
            #expect(written?.size == 409_600)
        }
    }

    @Test("on a disk that is nearly full objects can be deleted, and none written")
    func diskNearlyFull() async throws {
        let disk = FaultyDisk()
        try await BucketsFixture.with(disk: disk) { f in
            try await f.put("small")
            disk.announcedFreeBytes = Limits.diskReserveBytes - 1
            #expect(await code { try await f.put("k") } == .diskFull)
            #expect(await code { try await f.service.put("k", in: "data", Pieces(100, of: 4096)) } == .diskFull)
            #expect(disk.usedBytes == 0)
            #expect(try await f.service.delete(["small"], in: "data") == ["small"])
            disk.announcedFreeBytes = Limits.diskReserveBytes + 1_000_000
            try await f.put("k")
        }
    }

    @Test("keys that break the rule are refused, others are kept byte by byte")
    func keys() async throws {
        try await BucketsFixture.with { f in
            for key in ["", String(repeating: "k", count: 1025), "a\0b"] {
                #expect(await code { try await f.put(key) } == .invalidArgument)
            }
            for key in ["/a//b/", "é", "e\u{301}", "日本", "%2F", String(repeating: "k", count: 1024)] {
                try await f.put(key, key)
                #expect(try await f.text(key) == key)
            }
            #expect(try await f.service.get("data").objectCount == 6)
        }
    }

    @Test("metadata over the limit is refused")
    func largeMetadata() async throws {
        try await BucketsFixture.with { f in
            let metadata = ObjectMetadata(custom: ["a": String(repeating: "x", count: 8192)])
            let code = await code { try await f.service.put("k", in: "data", bytes: ByteBuffer(), metadata: metadata) }
            #expect(code == .invalidArgument)
        }
    }

    @Test("a part of an object is read", arguments: [100, 700_000])
    func ranges(size: Int) async throws {
        try await BucketsFixture.with { f in
            let bytes = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            _ = try await f.service.put("k", in: "data", bytes: bytes)
            let ranges: [(ObjectRange, Range<Int>)] = [
                (.from(offset: 0, length: 1), 0..<1), (.from(offset: size - 1, length: nil), size - 1..<size),
                (.from(offset: 10, length: .max), 10..<size), (.suffix(5), size - 5..<size), (.suffix(.max), 0..<size),
            ]
            for (range, expected) in ranges {
                guard case .contents(let contents) = try await f.service.get("k", in: "data", range: range) else {
                    Issue.record("no contents for \(range)")
                    continue
                }
                #expect(contents.range == expected)
                #expect(
                    try await contents.bytes.collect()
                        == bytes.getSlice(at: expected.lowerBound, length: expected.count)
                )
            }
            let beyond = try await f.service.get("k", in: "data", range: .from(offset: size, length: nil))
            guard case .rangeNotSatisfiable = beyond else {
                Issue.record("a range beyond the end was answered")
                return
            }
        }
    }

    @Test("conditions decide reads and writes")
    func conditions() async throws {
        try await BucketsFixture.with { f in
            let etag = try #require(try await f.put("k", "one")).etag
            guard case .notModified = try await f.service.get("k", in: "data", onlyIf: .init(etagDoesNotMatch: [etag]))
            else {
                Issue.record("a known version was sent again")
                return
            }
            guard case .conditionFailed = try await f.service.get("k", in: "data", onlyIf: .init(etagMatches: ["no"]))
            else {
                Issue.record("an etag that does not match was answered")
                return
            }
            let bytes = ByteBuffer(repeating: 1, count: 20_000)
            let isNew = ObjectConditions(etagDoesNotMatch: ["*"])
            #expect(try await f.service.put("k", in: "data", bytes: bytes, onlyIf: isNew) == nil)
            #expect(try await f.text("k") == "one")
            #expect(try await f.objects.listIDs().isEmpty)
            #expect(try await f.service.put("new", in: "data", bytes: bytes, onlyIf: isNew) != nil)
            #expect(try await f.service.put("k", in: "data", bytes: bytes, onlyIf: .init(etagMatches: [etag])) != nil)
        }
    }
}

import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("Uploads in parts")
struct UploadTests {
    /// The etags of "aaaa", "bb" and "c", and of an object of the first two, each by `md5sum`.
    private let a = "74b87337454200d4d33f80c4663dc5e5"
    private let b = "21ad0bd836b90d08f4cf640b4c298e7c"
    private let c = "4a8a08f09d37b73795649038408b5f33"
    private let joined = "916ccfa147126d73152e43c57d51ea0d-2"

    private func completed(_ parts: [UploadPartRecord]) -> [CompletedPart] {
        parts.map { CompletedPart(number: $0.number, etag: $0.etag) }
    }

    @Test("parts become an object that is read as a whole, in ranges and by part, and say so to queues")
    func roundTrip() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 2) { f in
            _ = try await f.queues.create("events")
            _ = try await f.addRule(queue: "events")
            let metadata = ObjectMetadata(http: HTTPMetadata(contentType: "text/plain"), custom: ["owner": "me"])
            let upload = try await f.service.createUpload("k", in: "data", metadata: metadata)
            let third = try await f.part(7, "c", upload)
            let first = try await f.part(2, "aaaa", upload)
            #expect((first.etag, third.etag) == (a, c))
            #expect(try await f.service.head("k", in: "data") == nil)
            let record = try await f.service.completeUpload(
                upload.id,
                key: "k",
                in: "data",
                parts: completed([first, third])
            )
            #expect(record.size == 5)
            #expect(record.partCount == 2)
            #expect(record.metadata == metadata)
            #expect(try await f.service.head("k", in: "data") == record)
            #expect(try await f.text("k") == "aaaac")
            for (offset, text) in [(3, "ac"), (0, "aaaa"), (4, "c"), (1, "aaa")] {
                let range = ObjectRange.from(offset: offset, length: text.utf8.count)
                #expect(try await f.text("k", range) == text)
            }
            #expect(try await f.text("k", partNumber: 2) == "aaaa")
            #expect(try await f.text("k", partNumber: 7) == "c")
            guard case .rangeNotSatisfiable = try await f.service.get("k", in: "data", partNumber: 3) else {
                Issue.record("part 3 was found")
                return
            }
            #expect(try await f.service.get("data").size == 5)
            let message = try #require(try await f.messages("events").first)
            #expect(message["action"] == .string("CompleteMultipartUpload"))
            #expect(message["object"]?["eTag"] == .string(record.etag))
            #expect(message["object"]?["size"] == .integer(5))
        }
    }

    @Test("the etag is the MD5 of the parts' MD5s and their number")
    func etag() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let parts = [try await f.part(1, "aaaa", upload), try await f.part(2, "bb", upload)]
            #expect(parts.map(\.etag) == [a, b])
            let record = try await f.service.completeUpload(upload.id, in: "data", parts: completed(parts))
            #expect(record.etag == joined)
        }
    }

    @Test("a part is replaced by a later one with its number, and its file goes")
    func replacedPart() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let old = try await f.part(1, "old", upload)
            let new = try await f.part(1, "new", upload)
            let stale = completed([old])
            #expect(
                await code { try await f.service.completeUpload(upload.id, in: "data", parts: stale) } == .invalidPart
            )
            _ = try await f.service.completeUpload(upload.id, in: "data", parts: completed([new]))
            #expect(try await f.text("k") == "new")
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.objects.listIDs().count == 1)
        }
    }

    @Test("lists of parts that break a rule are refused, and the upload stays open")
    func badLists() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 2) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let one = try await f.part(1, "aaaa", upload)
            let two = try await f.part(2, "c", upload)
            let three = try await f.part(3, "bb", upload)
            func complete(_ parts: [CompletedPart]) async -> FlareError? {
                do {
                    _ = try await f.service.completeUpload(upload.id, in: "data", parts: parts)
                    return nil
                } catch {
                    return error as? FlareError
                }
            }
            let missing = await complete(completed([one]) + [CompletedPart(number: 9, etag: a)])
            #expect(missing?.code == .invalidPart)
            #expect(!(missing?.cause is PartOrderError))
            for wrong in [[two, one], [one, one]] {
                let refused = await complete(completed(wrong))
                #expect(refused?.code == .invalidPart)
                #expect(refused?.cause is PartOrderError)
                #expect(refused?.message.contains("order") ?? false)
            }
            #expect(await complete(completed([one, two, three]))?.code == .partTooSmall)
            #expect(await complete([])?.code == .invalidArgument)
            #expect(try await f.service.head("k", in: "data") == nil)
            #expect(await complete(completed([one, two])) == nil)
        }
    }

    @Test("completing twice answers the same for the same list, and not for another")
    func twice() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let parts = completed([try await f.part(1, "aaaa", upload), try await f.part(2, "bb", upload)])
            let absent = ObjectConditions(etagDoesNotMatch: ["*"])
            let records = try await withThrowingTaskGroup(of: ObjectRecord.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await f.service.completeUpload(upload.id, in: "data", parts: parts, onlyIf: absent)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(records).count == 1)
            try await f.service.delete(["k"], in: "data")
            let again = try await f.service.completeUpload(upload.id, in: "data", parts: parts)
            #expect(again == records.first)
            #expect(try await f.service.head("k", in: "data") == nil)
            let other = Array(parts.prefix(1))
            #expect(
                await code { try await f.service.completeUpload(upload.id, in: "data", parts: other) }
                    == .uploadNotFound
            )
            #expect(await code { try await f.part(3, "late", upload) } == .uploadNotFound)
            #expect(await code { try await f.service.abortUpload(upload.id, in: "data") } == .uploadNotFound)
        }
    }

    @Test("a completion is remembered for a day")
    func forgotten() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let parts = completed([try await f.part(1, "aaaa", upload)])
            _ = try await f.service.completeUpload(upload.id, in: "data", parts: parts)
            func completeAnother() async throws {
                let other = try await f.service.createUpload("other", in: "data")
                let parts = completed([try await f.part(1, "bb", other)])
                _ = try await f.service.completeUpload(other.id, in: "data", parts: parts)
            }
            f.time.advance(by: .seconds(80_000))
            try await completeAnother()
            _ = try await f.service.completeUpload(upload.id, in: "data", parts: parts)
            f.time.advance(by: .seconds(10_000))
            try await completeAnother()
            #expect(
                await code { try await f.service.completeUpload(upload.id, in: "data", parts: parts) }
                    == .uploadNotFound
            )
        }
    }

    @Test("an aborted upload leaves no file, not even of a part that is on its way")
    func abort() async throws {
        try await BucketsFixture.with { f in
            let upload = try await f.service.createUpload("k", in: "data")
            _ = try await f.part(1, "aaaa", upload)
            let body = GatedBody(ByteBuffer(repeating: 7, count: 600_000))
            let late = Task {
                await code { try await f.service.uploadPart(2, of: upload.id, in: "data", body) }
            }
            await body.untilRead()
            try await f.service.abortUpload(upload.id, key: "k", in: "data")
            try await f.service.sweeper.collectOrphans()
            body.finish()
            #expect(await late.value == .uploadNotFound)
            #expect(try await f.objects.listIDs().isEmpty)
            #expect(try await f.service.listUploads(in: "data").uploads.isEmpty)
        }
    }

    @Test("parts survive a crash, and what was on its way when it came is collected")
    func orphans() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let part = try await f.part(1, "aaaa", upload)
            try await f.objects.write(Identifier.hexadecimal(), ByteBuffer(string: "left behind"))
            let next = f.again()
            #expect(try await next.sweeper.collectOrphans() == 1)
            _ = try await next.completeUpload(upload.id, in: "data", parts: completed([part]))
            #expect(try await next.sweeper.collectOrphans() == 0)
            #expect(try await f.text("k") == "aaaa")
        }
    }

    @Test("wrong uploads, keys, numbers and sizes are refused")
    func refusals() async throws {
        try await BucketsFixture.with { f in
            let upload = try await f.service.createUpload("k", in: "data")
            try await f.service.create("other")
            let body = SinglePiece("x")
            for (bucket, key, id) in [("data", "l", upload.id), ("other", "k", upload.id), ("data", "k", "nope")] {
                #expect(
                    await code { try await f.service.uploadPart(1, of: id, key: key, in: bucket, body) }
                        == .uploadNotFound
                )
            }
            for number in [0, -1, 10_001] {
                #expect(await code { try await f.part(number, "x", upload) } == .invalidArgument)
            }
            #expect(await code { try await f.service.createUpload("", in: "data") } == .invalidArgument)
            #expect(await code { try await f.service.createUpload("k", in: "nope") } == .bucketNotFound)
            let announced = ObjectExpectation(sizeBytes: 2)
            #expect(
                await code { try await f.service.uploadPart(1, of: upload.id, in: "data", body, expecting: announced) }
                    == .invalidData
            )
            let broken = Pieces(9, of: 4096, failure: ConnectionLost())
            #expect(await code { try await f.service.uploadPart(1, of: upload.id, in: "data", broken) } == .interrupted)
            #expect(try await f.service.listParts(of: upload.id, in: "data").parts.isEmpty)
            #expect(try await f.objects.listIDs().isEmpty)
        }
    }

    @Test("parts and open uploads are listed in pages")
    func lists() async throws {
        try await BucketsFixture.with { f in
            let upload = try await f.service.createUpload("a/1", in: "data")
            for number in [5, 1, 3] { _ = try await f.part(number, "x", upload) }
            let first = try await f.service.listParts(of: upload.id, in: "data", limit: 2)
            #expect(first.parts.map(\.number) == [1, 3])
            #expect(first.isTruncated)
            let rest = try await f.service.listParts(of: upload.id, in: "data", after: 3, limit: 2)
            #expect(rest.parts.map(\.number) == [5])
            #expect(!rest.isTruncated)
            f.time.advance(by: .seconds(1))
            let again = try await f.service.createUpload("a/1", in: "data")
            for key in ["a/2", "b", "c/1", "c/2"] { _ = try await f.service.createUpload(key, in: "data") }
            for limit in [1, 2, 3, 1000] {
                #expect(try await f.uploads(limit: limit).keys == ["a/1", "a/1", "a/2", "b", "c/1", "c/2"])
                let rolled = try await f.uploads(delimiter: "/", limit: limit)
                #expect(rolled.keys == ["b"])
                #expect(rolled.prefixes == ["a/", "c/"])
                #expect(try await f.uploads(prefix: "a/", delimiter: "/", limit: limit).keys == ["a/1", "a/1", "a/2"])
            }
            let marked = try await f.service.listUploads(in: "data", keyMarker: "a/1", uploadIDMarker: upload.id)
            #expect(marked.uploads.first == again)
            #expect(try await f.service.listUploads(in: "data", keyMarker: "a/1").uploads.first?.key == "a/2")
        }
    }

    @Test("a bucket that is deleted takes its open uploads along")
    func bucketDeleted() async throws {
        try await BucketsFixture.with { f in
            let upload = try await f.service.createUpload("k", in: "data")
            _ = try await f.part(1, "aaaa", upload)
            try await f.service.delete("data")
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.objects.listIDs().isEmpty)
            #expect(await code { try await f.part(2, "x", upload) } == .bucketNotFound)
        }
    }

    @Test("a reader goes from part to part although the object is replaced and the sweeper runs")
    func readerKeepsParts() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data")
            let parts = [try await f.part(1, "aaaa", upload), try await f.part(2, "bb", upload)]
            _ = try await f.service.completeUpload(upload.id, in: "data", parts: completed(parts))
            guard case .contents(let contents) = try await f.service.get("k", in: "data") else { return }
            try await f.put("k", "new")
            try await f.service.sweeper.collectOrphans()
            #expect(String(buffer: try await contents.bytes.collect()) == "aaaabb")
            _ = consume contents
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.objects.listIDs().isEmpty)
        }
    }
}

import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("Copying objects")
struct CopyTests {
    private let large = ByteBuffer(repeating: 7, count: 50_000)

    /// An object of two parts under "parts".
    private func putParts(_ f: BucketsFixture) async throws {
        let upload = try await f.service.createUpload("parts", in: "data")
        let parts = [try await f.part(1, "aaaa", upload), try await f.part(2, "bb", upload)]
        _ = try await f.service.completeUpload(
            upload.id,
            in: "data",
            parts: parts.map { CompletedPart(number: $0.number, etag: $0.etag) }
        )
    }

    @Test("a copy has the bytes, etag and metadata, shares the files, and outlives the original")
    func copies() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            try await f.service.create("other")
            let metadata = ObjectMetadata(http: HTTPMetadata(contentType: "text/plain"), custom: ["owner": "me"])
            _ = try await f.service.put("small", in: "data", bytes: ByteBuffer(string: "x"), metadata: metadata)
            _ = try await f.service.put("large", in: "data", bytes: large)
            try await putParts(f)
            for key in ["small", "large", "parts"] {
                let original = try #require(try await f.service.head(key, in: "data"))
                let bytes = try await f.service.bytes(key, in: "data")
                f.time.advance(by: .seconds(1))
                let copy = try await f.service.copy(
                    from: ObjectSource(bucket: "data", key: key),
                    to: "copy of \(key)",
                    in: "other"
                )
                #expect(copy.etag == original.etag)
                #expect(copy.metadata == original.metadata)
                #expect(copy.version != original.version)
                #expect(copy.uploadedAt == f.time.now())
                #expect(try await f.service.head(copy.key, in: "other") == copy)
                try await f.service.delete([key], in: "data")
                try await f.service.sweeper.collectOrphans()
                #expect(try await f.service.bytes(copy.key, in: "other") == bytes)
            }
            #expect(try await f.objects.listIDs().count == 3)
            let counted = try await f.service.get("other")
            #expect((counted.objectCount, counted.size) == (3, 50_007))
            try await f.service.delete(["copy of large", "copy of parts"], in: "other")
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.objects.listIDs().isEmpty)
        }
    }

    @Test("a copy onto itself needs new metadata, and keeps the bytes then", arguments: ["small", "large", "parts"])
    func ontoItself(key: String) async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            try await f.put("small")
            _ = try await f.service.put("large", in: "data", bytes: large)
            try await putParts(f)
            let bytes = try await f.service.bytes(key, in: "data")
            let source = ObjectSource(bucket: "data", key: key)
            #expect(await code { try await f.service.copy(from: source, to: key, in: "data") } == .invalidArgument)
            let metadata = ObjectMetadata(http: HTTPMetadata(contentType: "text/html"))
            let record = try await f.service.copy(from: source, to: key, in: "data", metadata: metadata)
            #expect(record.metadata == metadata)
            try await f.service.sweeper.collectOrphans()
            #expect(try await f.service.bytes(key, in: "data") == bytes)
            #expect(try await f.service.get("data").objectCount == 3)
        }
    }

    @Test("a move takes the object along, and a locked one stays with nothing of it elsewhere")
    func moves() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            _ = try await f.service.put("large", in: "data", bytes: large)
            try await putParts(f)
            func move(_ key: String, to target: String) async throws -> ObjectRecord {
                let source = ObjectSource(bucket: "data", key: key)
                return try await f.service.copy(from: source, to: target, in: "data", deletesSource: true)
            }
            for key in ["large", "parts"] {
                let bytes = try await f.service.bytes(key, in: "data")
                _ = try await move(key, to: "moved/" + key)
                #expect(try await f.service.head(key, in: "data") == nil)
                try await f.service.sweeper.collectOrphans()
                #expect(try await f.service.bytes("moved/" + key, in: "data") == bytes)
            }
            #expect(try await f.service.get("data").objectCount == 2)
            #expect(await code { try await move("moved/large", to: "moved/large") } == .invalidArgument)
            let lock = LockRule(id: "all", condition: .indefinite)
            try await f.service.setLocks([lock], of: "data")
            #expect(await code { try await move("moved/large", to: "elsewhere") } == .objectLocked)
            #expect(try await f.service.head("elsewhere", in: "data") == nil)
        }
    }

    @Test("a copy tells queues where it comes from")
    func notification() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("events")
            try await f.put("a", "abc")
            _ = try await f.addRule(queue: "events")
            _ = try await f.service.copy(from: ObjectSource(bucket: "data", key: "a"), to: "b", in: "data")
            let message = try #require(try await f.messages("events").first)
            #expect(message["action"] == .string("CopyObject"))
            #expect(message["object"]?["key"] == .string("b"))
            #expect(message["object"]?["size"] == .integer(3))
            #expect(message["copySource"] == .object(["bucket": .string("data"), "object": .string("a")]))
        }
    }

    @Test("conditions on the source and on what the copy replaces are kept")
    func conditions() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a", "abc")
            try await f.put("b", "old")
            let (a, b) = (
                try await f.service.head("a", in: "data")?.etag, try await f.service.head("b", in: "data")?.etag
            )
            func copy(_ source: ObjectConditions?, _ target: ObjectConditions?) async -> FlareError.Code? {
                await code {
                    let source = ObjectSource(bucket: "data", key: "a", onlyIf: source)
                    return try await f.service.copy(from: source, to: "b", in: "data", onlyIf: target)
                }
            }
            #expect(await copy(ObjectConditions(etagMatches: ["nope"]), nil) == .preconditionFailed)
            #expect(await copy(ObjectConditions(etagDoesNotMatch: [a ?? ""]), nil) == .preconditionFailed)
            #expect(await copy(nil, ObjectConditions(etagDoesNotMatch: ["*"])) == .preconditionFailed)
            #expect(await copy(nil, ObjectConditions(etagMatches: [a ?? ""])) == .preconditionFailed)
            #expect(try await f.text("b") == "old")
            let both = await copy(ObjectConditions(etagMatches: [a ?? ""]), ObjectConditions(etagMatches: [b ?? ""]))
            #expect(both == nil)
            #expect(try await f.text("b") == "abc")
        }
    }

    @Test("a copy of another class keeps the other metadata of the version that is copied")
    func classAlone() async throws {
        try await BucketsFixture.with { f in
            let metadata = ObjectMetadata(http: HTTPMetadata(contentType: "text/css"), custom: ["a": "b"])
            _ = try await f.service.put("a", in: "data", bytes: ByteBuffer(string: "x"), metadata: metadata)
            for key in ["b", "a"] {
                let source = ObjectSource(bucket: "data", key: "a")
                let copy = try await f.service.copy(
                    from: source,
                    to: key,
                    in: "data",
                    storageClass: .infrequentAccess
                )
                #expect(copy.metadata.http == metadata.http && copy.metadata.custom == metadata.custom)
                #expect(try await f.service.head(key, in: "data")?.metadata.storageClass == .infrequentAccess)
            }
        }
    }

    @Test("what is not there is not copied")
    func missing() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a")
            func copy(_ bucket: String, _ key: String, to target: String, _ name: String) async -> FlareError.Code? {
                await code {
                    let source = ObjectSource(bucket: bucket, key: key)
                    return try await f.service.copy(from: source, to: name, in: target)
                }
            }
            #expect(await copy("data", "nope", to: "data", "b") == .objectNotFound)
            #expect(await copy("nope", "a", to: "data", "b") == .bucketNotFound)
            #expect(await copy("data", "a", to: "nope", "b") == .bucketNotFound)
            #expect(await copy("data", "a", to: "data", "") == .invalidArgument)
            #expect(try await f.service.get("data").objectCount == 1)
        }
    }

    @Test("a part is copied from a range of an object")
    func partCopy() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            try await f.put("a", "0123456789")
            try await putParts(f)
            let upload = try await f.service.createUpload("k", in: "data")
            func copy(_ number: Int, _ key: String, _ range: ObjectRange?) async throws -> UploadPartRecord {
                let source = ObjectSource(bucket: "data", key: key)
                return try await f.service.uploadPartCopy(number, of: upload.id, in: "data", from: source, range: range)
            }
            let parts = [
                try await copy(1, "a", .from(offset: 2, length: 3)), try await copy(2, "parts", nil),
                try await copy(3, "a", .from(offset: 9, length: 1)),
            ]
            let beyond: [ObjectRange] = [.from(offset: 10, length: 1), .from(offset: 9, length: 2)]
            for range in beyond {
                #expect(await code { try await copy(4, "a", range) } == .rangeNotSatisfiable)
            }
            #expect(await code { try await copy(4, "nope", nil) } == .objectNotFound)
            _ = try await f.service.completeUpload(
                upload.id,
                in: "data",
                parts: parts.map { CompletedPart(number: $0.number, etag: $0.etag) }
            )
            #expect(try await f.text("k") == "234aaaabb9")
        }
    }

    @Test("an object is deleted only if it is the one that is meant")
    func conditionalDelete() async throws {
        try await BucketsFixture.with { f in
            let record = try #require(try await f.put("a"))
            let other = ObjectConditions(etagMatches: ["other"])
            let code = await code { try await f.service.delete("a", in: "data", onlyIf: other) }
            #expect(code == .preconditionFailed)
            #expect(try await f.service.head("a", in: "data") == record)
            try await f.service.delete("a", in: "data", onlyIf: ObjectConditions(etagMatches: [record.etag]))
            #expect(try await f.service.head("a", in: "data") == nil)
        }
    }
}

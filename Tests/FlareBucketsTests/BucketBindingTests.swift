import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("The binding of a bucket")
struct BucketBindingTests {
    @Test("put, head, get, list and delete have R2's shapes")
    func shapes() async throws {
        try await BucketsFixture.with { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            let arguments = JSONValue.object([
                "key": .string("a/b"),
                "httpMetadata": .object(["contentType": .string("text/plain"), "cacheExpiry": .integer(5)]),
                "customMetadata": .object(["owner": .string("me")]),
            ])
            let put = try await bucket.call("put", arguments: arguments, body: Array("hello".utf8)).value
            #expect(put["size"] == .integer(5))
            #expect(put["httpEtag"] == .string("\"5d41402abc4b2a76b9719d911017c592\""))
            #expect(put["uploaded"] == .integer(f.time.now().milliseconds))
            #expect(put["httpMetadata"] == arguments["httpMetadata"])
            #expect(put["customMetadata"] == arguments["customMetadata"])
            let key = JSONValue.object(["key": .string("a/b")])
            #expect(try await bucket.call("head", arguments: key, body: []).value == put)
            let get = try await bucket.call("get", arguments: key, body: [])
            #expect(get.body == Array("hello".utf8))
            #expect(get.value["hasBody"] == .bool(true))
            #expect(get.value["range"] == .object(["offset": .integer(0), "length": .integer(5)]))
            let list = try await bucket.call("list", arguments: .object(["prefix": .string("a")]), body: []).value
            #expect(list["truncated"] == .bool(false))
            #expect(list["objects"]?.arrayValue?.first?["key"] == .string("a/b"))
            #expect(list["objects"]?.arrayValue?.first?["customMetadata"] == nil)
            let keys = JSONValue.object(["keys": .array([.string("a/b"), .string("none")])])
            #expect(try await bucket.call("delete", arguments: keys, body: []).value == .null)
            #expect(try await bucket.call("get", arguments: key, body: []).value == .null)
            #expect(try await bucket.call("head", arguments: key, body: []).value == .null)
        }
    }

    @Test(
        "a time of expiry that no year of four digits holds is refused, and hides no object",
        arguments: [253_402_300_800_000, 8_640_000_000_000_000, -62_167_219_200_001, .min]
    )
    func expiryOutOfRange(_ milliseconds: Int64) async throws {
        try await BucketsFixture.with { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            let arguments = JSONValue.object([
                "key": .string("k"), "httpMetadata": .object(["cacheExpiry": .integer(milliseconds)]),
            ])
            await #expect(throws: FlareError.self) { try await bucket.call("put", arguments: arguments, body: [1]) }
            for (key, time) in [("first", Timestamp.sayable.lowerBound), ("last", Timestamp.sayable.upperBound)] {
                let metadata = ObjectMetadata(http: HTTPMetadata(cacheExpiry: time))
                _ = try await f.service.put(key, in: "data", bytes: ByteBuffer(), metadata: metadata)
                #expect(try await f.service.head(key, in: "data")?.metadata == metadata)
            }
            let list = try await bucket.call("list", arguments: .object([:]), body: []).value
            #expect(list["objects"]?.arrayValue?.count == 2)
        }
    }

    @Test("a failed condition answers the object without a body, and a put with null")
    func conditions() async throws {
        try await BucketsFixture.with { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            try await f.put("k", "old")
            let onlyIf = JSONValue.object(["etagMatches": .string("\"nope\"")])
            let arguments = JSONValue.object(["key": .string("k"), "onlyIf": onlyIf])
            let get = try await bucket.call("get", arguments: arguments, body: [])
            #expect(get.value["hasBody"] == .bool(false))
            #expect(get.value["size"] == .integer(3))
            #expect(get.body.isEmpty)
            #expect(try await bucket.call("put", arguments: arguments, body: [1]).value == .null)
            #expect(try await f.text("k") == "old")
        }
    }

    @Test("a large object is fetched in pieces")
    func pieces() async throws {
        try await BucketsFixture.with { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            let size = Limits.objectBindingBytesMax + 1000
            let bytes = [UInt8](repeating: 1, count: size - 1) + [2]
            _ = try await f.service.put("k", in: "data", bytes: ByteBuffer(bytes: bytes))
            let first = try await bucket.call("get", arguments: .object(["key": .string("k")]), body: [])
            #expect(first.body.count == Limits.objectBindingBytesMax)
            #expect(first.value["bodyLength"] == .integer(Int64(first.body.count)))
            #expect(first.value["range"]?["length"] == .integer(Int64(size)))
            let rest = JSONValue.object([
                "key": .string("k"),
                "range": .object(["offset": .integer(Int64(first.body.count)), "length": .integer(1000)]),
                "onlyIf": .object(["etagMatches": first.value["etag"] ?? .null]),
            ])
            #expect(first.body + (try await bucket.call("get", arguments: rest, body: []).body) == bytes)
        }
    }

    @Test("bad arguments are refused")
    func bad() async throws {
        try await BucketsFixture.with { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            try await f.put("k")
            let calls: [(String, JSONValue)] = [
                ("head", .null), ("get", .object(["key": .integer(1)])), ("copy", .null), ("delete", .object([:])),
                ("get", .object(["key": .string("k"), "range": .object(["offset": .integer(9)])])),
                ("put", .object(["key": .string("k"), "storageClass": .string("Cold")])),
                ("put", .object(["key": .string("k"), "customMetadata": .object(["a": .integer(1)])])),
            ]
            for (method, arguments) in calls {
                let code = await code { try await bucket.call(method, arguments: arguments, body: []).value }
                #expect(code == .invalidArgument, "\(method) \(arguments)")
            }
        }
    }

    @Test("user code uploads in parts, and a long body that came in pieces looks as if it came at once")
    func uploads() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let bucket = BucketBinding(service: f.service, bucket: "data")
            func upload(_ texts: [String]) async throws -> (JSONValue, JSONValue) {
                let key = JSONValue.object(["key": .string("k")])
                let id = try await bucket.call("createUpload", arguments: key, body: []).value["uploadId"] ?? .null
                var parts: [JSONValue] = []
                for (index, text) in texts.enumerated() {
                    let arguments = JSONValue.object([
                        "key": .string("k"), "uploadId": id, "partNumber": .integer(Int64(index + 1)),
                    ])
                    parts.append(
                        try await bucket.call("uploadPart", arguments: arguments, body: Array(text.utf8)).value
                    )
                }
                return (id, .array(parts))
            }
            let (first, parts) = try await upload(["hel", "lo"])
            let complete = JSONValue.object(["key": .string("k"), "uploadId": first, "parts": parts])
            let object = try await bucket.call("completeUpload", arguments: complete, body: []).value
            #expect(object["size"] == .integer(5))
            #expect(object["etag"]?.stringValue?.hasSuffix("-2") ?? false)
            #expect(object["checksums"] == .object([:]))
            _ = try await f.queues.create("events")
            _ = try await f.addRule(queue: "events")
            let (second, pieces) = try await upload(["hel", "lo"])
            var put: [String: JSONValue] = [
                "key": .string("k"), "uploadId": second, "parts": pieces,
                "etag": .string("5d41402abc4b2a76b9719d911017c592"),
                "onlyIf": .object(["etagDoesNotMatch": .string("*")]),
            ]
            #expect(try await bucket.call("put", arguments: .object(put), body: []).value == .null)
            #expect(try await f.service.listUploads(in: "data").uploads.isEmpty)
            let (third, again) = try await upload(["hel", "lo"])
            (put["uploadId"], put["parts"], put["onlyIf"]) = (third, again, nil)
            let whole = try await bucket.call("put", arguments: .object(put), body: []).value
            #expect(whole["etag"] == .string("5d41402abc4b2a76b9719d911017c592"))
            #expect(whole["checksums"]?["md5"] == whole["etag"])
            #expect(try await f.messages("events").map { $0["action"] } == [.string("PutObject")])
            #expect(try await f.text("k") == "hello")
            let (fourth, _) = try await upload(["x"])
            let abort = JSONValue.object(["key": .string("k"), "uploadId": fourth])
            #expect(try await bucket.call("abortUpload", arguments: abort, body: []).value == .null)
            #expect(await code { try await bucket.call("abortUpload", arguments: abort, body: []) } == .uploadNotFound)
        }
    }
}

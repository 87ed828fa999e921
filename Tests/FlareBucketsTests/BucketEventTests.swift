import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Synchronization
import Testing

@Suite("The log of a bucket's events")
struct BucketEventTests {
    @Test("writes, copies, uploads and deletions are told in order, each with what a notification says")
    func actions() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("heard")
            _ = try await f.addRule(queue: "heard", [.objectCreate, .objectDelete])
            try await f.put("a", "hello")
            _ = try await f.service.copy(from: ObjectSource(bucket: "data", key: "a"), to: "b", in: "data")
            let upload = try await f.service.createUpload("c", in: "data")
            let part = try await f.service.uploadPart(1, of: upload.id, key: "c", in: "data", Pieces(1, of: 2))
            let parts = [CompletedPart(number: 1, etag: part.etag)]
            _ = try await f.service.completeUpload(upload.id, key: "c", in: "data", parts: parts)
            try await f.service.delete(["a"], in: "data")
            let page = try await f.service.events(of: "data", after: 0)
            #expect(page.isEnd)
            #expect(
                page.events.map(\.action) == [.putObject, .copyObject, .completeMultipartUpload, .deleteObject]
            )
            #expect(page.events.map(\.cursor) == [1, 2, 3, 4])
            #expect(page.events[1].copySource == CopySourceBody(bucket: "data", object: "a"))
            #expect(page.events[0].copySource == nil)
            #expect(page.events[0].object.size == 5)
            #expect(page.events[3].object == EventObjectBody(key: "a"))
            // The messages say the same.
            let messages = try await f.messages("heard")
            #expect(messages.map { $0["action"]?.stringValue } == page.events.map(\.action.rawValue))
            #expect(messages.map { $0["object"]?["size"]?.integerValue } == page.events.map(\.object.size))
            #expect(messages.map { $0["object"]?["eTag"]?.stringValue } == page.events.map(\.object.eTag))
            let source = JSONValue.object(["bucket": .string("data"), "object": .string("a")])
            #expect(messages.map { $0["copySource"] } == [nil, source, nil, nil])
            #expect(messages[3]["object"] == .object(["key": .string("a")]))
        }
    }

    @Test("an event of a transaction that fails is not in the log, and leaves no gap")
    func rollback() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a")
            let staged = try await f.service.stage(ByteBuffer(string: "x"))
            _ = await code {
                try await f.database.write { tx in
                    try f.service.commit(staged, bucket: "data", key: "b", at: f.time.now(), in: tx)
                    throw FlareError(.internalError, "the rest of the transaction failed")
                }
            }
            try await f.put("c")
            let page = try await f.service.events(of: "data", after: 0)
            #expect(page.events.map(\.object.key) == ["a", "c"])
            #expect(page.cursor == 2)
        }
    }

    @Test("a look back begins at the first event of its time, wherever that lies")
    func since() async throws {
        try await BucketsFixture.with { f in
            var times: [Timestamp] = []
            for number in 0..<40 {
                times.append(f.time.now())
                try await f.put("k\(number)")
                f.time.advance(by: .seconds(number % 3 == 0 ? 0 : 90))
            }
            for (number, time) in times.enumerated() {
                let first = times.firstIndex { $0 >= time } ?? number
                #expect(try await f.service.eventCursor(.since(time), of: "data") == Int64(first))
            }
            let later = f.time.now() + .seconds(1)
            #expect(try await f.service.eventCursor(.since(later), of: "data") == 40)
            #expect(try await f.service.eventCursor(.oldest, of: "data") == 0)
            #expect(try await f.service.eventCursor(.now, of: "data") == 40)
        }
    }

    @Test("old events go, and those over the limit; their cursors are refused, saying how to go on")
    func retention() async throws {
        try await BucketsFixture.with { f in
            for number in 0..<600 { try await f.put("k\(number % 7)") }
            f.time.advance(by: .milliseconds(Limits.bucketEventsKept.milliseconds + 1))
            try await f.put("young")
            try await f.put("younger")
            #expect(try await f.service.eventSweeper.sweep() == 600)
            #expect(try await f.service.eventSweeper.sweep() == 0)
            let error = await #expect(throws: FlareError.self) {
                try await f.service.events(of: "data", after: 599)
            }
            #expect(error?.code == .cursorExpired)
            #expect(error?.hint?.contains("--since oldest") == true)
            #expect(
                try await f.service.events(of: "data", after: 600).events.map(\.object.key) == ["young", "younger"]
            )
            #expect(try await f.service.eventSweeper.sweep(keeping: 1) == 1)
            #expect(try await f.service.eventCursor(.oldest, of: "data") == 601)
            #expect(await code { try await f.service.eventCursor(.after(603), of: "data") } == .cursorExpired)
        }
    }

    @Test("a bucket made anew under a name goes on counting, so that an old cursor is not taken for its own")
    func reborn() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a")
            try await f.service.delete(["a"], in: "data")
            try await f.service.delete("data")
            #expect(await code { try await f.service.events(of: "data", after: 0) } == .bucketNotFound)
            try await f.service.create("data")
            try await f.put("new")
            #expect(await code { try await f.service.events(of: "data", after: 1) } == .cursorExpired)
            let page = try await f.service.events(of: "data", after: 2)
            #expect(page.events.map(\.object.key) == ["new"])
            #expect(page.cursor == 3)
            #expect(try await f.service.eventSweeper.sweep() == 2)
        }
    }

    @Test("who follows is told of each event once, and of how far it came where none fits")
    func follow() async throws {
        try await BucketsFixture.with { f in
            try await f.put("in/0")
            let seen = SeenPages()
            async let end = code {
                try await f.service.followEvents(of: "data", after: 0, prefix: "in/") { page in
                    seen.add(page)
                    if page.cursor >= 21 { throw FlareError(.interrupted, "seen all") }
                }
            }
            for number in 1...10 {
                try await f.put("in/\(number)")
                try await f.put("out/\(number)")
            }
            #expect(await end == .interrupted)
            #expect(seen.keys == (0...10).map { "in/\($0)" })
        }
    }

    @Test("who follows a bucket that is deleted is told so")
    func deletedWhileFollowed() async throws {
        try await BucketsFixture.with { f in
            async let end = code { try await f.service.followEvents(of: "data", after: 0) { _ in } }
            try await f.service.delete("data")
            #expect(await end == .bucketNotFound)
        }
    }
}

/// What a follower was told.
private final class SeenPages: Sendable {
    private let seen = Mutex<[String]>([])

    var keys: [String] { seen.withLock { $0 } }

    func add(_ page: BucketEventPage) {
        seen.withLock { $0 += page.events.map(\.object.key) }
    }
}

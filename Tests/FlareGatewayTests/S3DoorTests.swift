import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FlareGateway

/// An S3 server on a free port, with the bucket `one` and a key.
struct S3Fixture {
    let buckets: BucketService
    let server: S3Server
    let port: Int
    private let key: AccessKeyRecord

    static func with(tls: TLSIdentity? = nil, _ body: (S3Fixture) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("s3-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: path) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let state = StateDirectory(path: path.path)
        let time = SystemTime()
        let database = try Database.open(
            path: state.database,
            migrations: QueueService.migrations + BucketService.migrations + AccessKeyService.migrations
        )
        let buckets = BucketService(
            database: database,
            objects: try FileObjectStore(directory: state.objects),
            queues: QueueService(database: database, time: time, logger: logger),
            time: time,
            logger: logger
        )
        let keys = AccessKeyService(database: database, time: time)
        try await buckets.create("one")
        let server = S3Server(
            service: S3Service(buckets: buckets, keys: keys, time: time, logger: logger),
            time: time,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                guard let tls else { return }
                try channel.pipeline.syncOperations.addHandler(TLSSniffer(identity: tls))
            }
        }
        let port = try await server.start(host: "127.0.0.1", port: 0)
        try await body(S3Fixture(buckets: buckets, server: server, port: port, key: try await keys.create()))
        await server.stop()
        try database.close()
    }

    func connect() throws -> TestSocket { try TestSocket(port: port) }

    /// The head of a request that is signed in its address; further lines end with CRLF each.
    func head(_ method: String, _ object: String, _ lines: String = "") -> String {
        let endpoint = "http://127.0.0.1:\(port)"
        let url = S3Presigner(endpoint: endpoint, key: key)
            .url(method, bucket: "one", object: object, seconds: 60, at: SystemTime().now())
        return "\(method) \(url.dropFirst(endpoint.count)) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n\(lines)\r\n"
    }
}

/// One after the other: the tests wait for their sockets on threads that the server needs for its tasks.
@Suite("the S3 door", .serialized)
struct S3DoorTests {
    @Test("requests that are sent ahead are answered in their order on one connection")
    func pipelined() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            let large = String(repeating: "x", count: 300_000)
            try socket.write(
                f.head("PUT", "a", "content-length: 5\r\n") + "hello" + f.head("HEAD", "a") + f.head("GET", "a")
                    + f.head("PUT", "b", "content-length: \(large.utf8.count)\r\n") + large + f.head("GET", "b")
                    + f.head("DELETE", "a") + f.head("GET", "a")
            )
            #expect(try socket.reply().status == 200)
            let head = try socket.reply(hasBody: false)
            #expect(head.status == 200 && head.head.contains("content-length: 5"))
            #expect(try socket.reply().body == "hello")
            #expect(try socket.reply().status == 200)
            #expect(try socket.reply().body == large)
            let deleted = try socket.reply()
            #expect(deleted.status == 204 && !deleted.head.contains("content-length"))
            let missing = try socket.reply()
            #expect(missing.status == 404 && missing.body.contains("<Code>NoSuchKey</Code>"))
        }
    }

    @Test("a client that waits is told to go on when its request may be done, and else is refused at once")
    func expecting() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            let lines = "content-length: 5\r\nexpect: 100-continue\r\n"
            try socket.write(f.head("PUT", "a", lines))
            let interim = try socket.reply(hasBody: false)
            #expect(interim.status == 100)
            try socket.write("hello")
            #expect(try socket.reply().status == 200)

            let refused = try f.connect()
            try refused.write("PUT /one/b HTTP/1.1\r\nhost: 127.0.0.1\r\n\(lines)\r\n")
            let reply = try refused.reply()
            #expect(reply.status == 403 && reply.head.contains("connection: close"))
            #expect(refused.isClosedByServer())
        }
    }

    @Test("a client that waits is told to go on however early its body is asked for")
    func askedEarly() async throws {
        let resumed = Mutex(0)
        let body = S3RequestBody(expectsContinue: true) { resumed.withLock { $0 += 1 } }
        body.push(ByteBuffer(string: "x"))
        body.finish()
        // The connection has not looked yet whether it may read, so it is not held back.
        for try await _ in body {}
        #expect(resumed.withLock { $0 } == 1)
    }

    @Test("a large body that no bucket takes is refused before it is sent, and so is one that is too large for all")
    func refusedEarly() async throws {
        try await S3Fixture.with { f in
            let waits = "expect: 100-continue\r\n"
            let socket = try f.connect()
            try socket.write(f.head("PUT", "a", "content-length: 5000000000001\r\n" + waits))
            let tooLarge = try socket.reply()
            #expect(tooLarge.status == 400 && tooLarge.body.contains("<Code>EntityTooLarge</Code>"))
            try await f.buckets.delete("one")
            let other = try f.connect()
            try other.write(f.head("PUT", "a", "content-length: 50000000\r\n" + waits))
            let noBucket = try other.reply()
            #expect(noBucket.status == 404 && noBucket.body.contains("<Code>NoSuchBucket</Code>"))
        }
    }

    @Test("a put that announces no body is refused, and one of no bytes is an empty object")
    func withoutLength() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            try socket.write(f.head("PUT", "a") + f.head("HEAD", "a"))
            let refused = try socket.reply()
            #expect(refused.status == 411 && refused.body.contains("<Code>MissingContentLength</Code>"))
            #expect(try socket.reply(hasBody: false).status == 404)
            try socket.write(f.head("PUT", "a", "content-length: 0\r\n") + f.head("HEAD", "a"))
            #expect(try socket.reply().status == 200)
            #expect(try socket.reply(hasBody: false).status == 200)
            try socket.write(f.head("PUT", "a", "transfer-encoding: chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n")
            #expect(try socket.reply().status == 200)
            try socket.write(f.head("PUT", "a", "transfer-encoding: gzip, chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n")
            #expect(try socket.reply().status == 501)
        }
    }

    @Test("a client of HTTP/1.0 gets no answer in between")
    func oldClient() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            let head = f.head("PUT", "a", "content-length: 5\r\nexpect: 100-continue\r\n")
            try socket.write(head.replacing("HTTP/1.1", with: "HTTP/1.0") + "hello")
            #expect(try socket.reply().status == 200)
        }
    }

    @Test("a range is of the version that the client has begun with, and else the whole object is answered")
    func rangeOfVersion() async throws {
        try await S3Fixture.with { f in
            let record = try #require(try await f.buckets.put("a", in: "one", bytes: .init(string: "hello")))
            let socket = try f.connect()
            for range in ["1-2", "9-"] {
                let lines = "range: bytes=\(range)\r\nif-range: "
                try socket.write(f.head("GET", "a", "\(lines)\(record.httpEtag)\r\n"))
                #expect(try socket.reply().status == (range == "9-" ? 416 : 206))
                try socket.write(f.head("GET", "a", "\(lines)\"another\"\r\n"))
                let whole = try socket.reply()
                #expect(whole.status == 200 && whole.body == "hello")
            }
        }
    }

    @Test("a body that is cut off becomes no object, and takes no other one away")
    func cutOff() async throws {
        try await S3Fixture.with { f in
            _ = try await f.buckets.put("kept", in: "one", bytes: .init(string: "old"))
            for key in ["kept", "new"] {
                let socket = try f.connect()
                let begun = String(repeating: "x", count: 100_000)
                try socket.write(f.head("PUT", key, "content-length: 200000\r\n") + begun)
                socket.endWriting()
                #expect(try socket.reply().body.contains("<Code>IncompleteBody</Code>"))
                #expect(socket.isClosedByServer())
            }
            #expect(try await f.buckets.bytes("kept", in: "one") == .init(string: "old"))
            #expect(try await f.buckets.head("new", in: "one") == nil)
        }
    }

    @Test("a refused body that is small is read over, and a large one ends the connection after the answer")
    func unwanted() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            let unsigned = "PUT /one/a HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: "
            try socket.write(unsigned + "5\r\n\r\nhello" + f.head("HEAD", "a"))
            #expect(try socket.reply().status == 403)
            #expect(try socket.reply(hasBody: false).status == 404)
            try socket.write(unsigned + "50000000\r\n\r\n" + String(repeating: "x", count: 200_000))
            let reply = try socket.reply()
            #expect(reply.status == 403 && reply.head.contains("connection: close"))
        }
    }

    @Test("what follows a whole request and is none ends the connection after the answer")
    func tooLong() async throws {
        try await S3Fixture.with { f in
            let socket = try f.connect()
            try socket.write(f.head("PUT", "a", "content-length: 5\r\n") + "hello, world\r\n\r\n")
            #expect(try socket.reply().status == 200)
            #expect(socket.isClosedByServer())
            #expect(try await f.buckets.bytes("a", in: "one") == .init(string: "hello"))
        }
    }

    @Test("keys are what was sent, whatever a path would mean elsewhere")
    func keys() async throws {
        try await S3Fixture.with { f in
            let keys = ["..", "../../etc/passwd", "a//b", "/a", "a/./b", "a%2Fb", "\u{1}\n", "é", "e\u{301}"]
            let socket = try f.connect()
            for key in keys {
                let body = Array(key.utf8)
                try socket.write(f.head("PUT", key, "content-length: \(body.count)\r\n"))
                try socket.write(body)
                #expect(try socket.reply().status == 200)
            }
            let listed = try await f.buckets.list(ObjectListRequest(), in: "one").objects.map { Array($0.key.utf8) }
            #expect(Set(listed) == Set(keys.map { Array($0.utf8) }))
            for key in keys {
                #expect(try await f.buckets.bytes(key, in: "one") == .init(string: key))
            }
        }
    }

    @Test("what is not HTTP, too large or not for this door is refused and hurts nobody else")
    func malformed() async throws {
        try await S3Fixture.with { f in
            for request in [
                "nonsense\r\n\r\n",
                "GET /one HTTP/1.1\r\nhost: x\r\nx-long: \(String(repeating: "x", count: 40_000))\r\n\r\n",
                "GET /one HTTP/1.1\r\nhost: x\r\n" + String(repeating: "a: b\r\n", count: 300) + "\r\n",
            ] {
                let socket = try f.connect()
                try socket.write(request)
                let reply = try socket.reply()
                #expect(reply.status == 400 && reply.body.contains("<Code>InvalidRequest</Code>"))
                #expect(socket.isClosedByServer())
            }
            let socket = try f.connect()
            try socket.write("GET /one HTTP/1.1\r\nhost: x\r\n\r\n")
            let reply = try socket.reply()
            #expect(reply.status == 403 && reply.body.contains("<Code>AccessDenied</Code>"))
            #expect(reply.head.contains("x-amz-request-id: ") && reply.head.contains("date: "))
        }
    }

    @Test("a stop lets an answer that has begun end")
    func stopped() async throws {
        try await S3Fixture.with { f in
            let size = 8_000_000
            _ = try await f.buckets.put("large", in: "one", bytes: .init(repeating: 1, count: size))
            let idle = try f.connect()
            let socket = try f.connect()
            try socket.write(f.head("GET", "large"))
            // The answer has begun, and cannot end before it is read.
            #expect(socket.readMore())
            async let stopped: Void = f.server.stop()
            #expect(idle.isClosedByServer())
            let reply = try socket.reply()
            #expect(reply.status == 200 && reply.body.utf8.count == size)
            await stopped
        }
    }
}

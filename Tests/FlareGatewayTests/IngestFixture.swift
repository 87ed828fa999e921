import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOPosix
import Testing

@testable import FlareGateway
@testable import FlarePipelines

/// An ingest server on a free port, with the pipeline `orders`.
struct IngestFixture {
    let pipelines: PipelineService
    let server: IngestServer
    let port: Int

    static func with(_ body: (IngestFixture) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ingest-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: path) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let state = StateDirectory(path: path.path)
        let time = SystemTime()
        let database = try Database.open(
            path: state.database,
            migrations: QueueService.migrations + BucketService.migrations + PipelineService.migrations
        )
        let queues = QueueService(database: database, time: time, logger: logger)
        let buckets = BucketService(
            database: database,
            objects: try FileObjectStore(directory: state.objects),
            queues: queues,
            time: time,
            logger: logger
        )
        let pipelines = PipelineService(
            database: database,
            state: state,
            disk: PosixDisk(),
            buckets: buckets,
            hooks: PipelineHooks(
                invoke: { _ in throw FlareError(.workerNotFound, "there are no Workers here") },
                checkTransform: { _, _ in }
            ),
            group: MultiThreadedEventLoopGroup.singleton,
            time: time,
            logger: logger
        )
        try await pipelines.open()
        let loops = Task { await pipelines.runLoops() }
        try await pipelines.create(PipelineCreateBody(name: "orders", destinationBucket: "data"))
        let server = IngestServer(
            pipelines: pipelines,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        )
        let port = try await server.start(host: "127.0.0.1", port: 0)
        try await body(IngestFixture(pipelines: pipelines, server: server, port: port))
        await server.stop()
        loops.cancel()
        await loops.value
        pipelines.close()
        try database.close()
    }

    var endOffset: Int64 { (try? pipelines.get("orders").progress.endOffset) ?? -1 }

    func connect() throws -> TestSocket { try TestSocket(port: port) }

    /// One request on a connection of its own.
    func post(
        _ body: String,
        to path: String = "/orders",
        type: String? = "application/json",
        method: String = "POST"
    ) throws -> TestReply {
        try post(Array(body.utf8), to: path, type: type, method: method)
    }

    /// The reply to bytes that are a whole request.
    func exchange(_ request: [UInt8]) throws -> TestReply {
        let socket = try connect()
        try socket.write(request)
        return try socket.reply()
    }

    func post(_ body: [UInt8], to path: String, type: String?, method: String = "POST") throws -> TestReply {
        let socket = try connect()
        let header = type.map { "content-type: \($0)\r\n" } ?? ""
        try socket.write("\(method) \(path) HTTP/1.1\r\nhost: x\r\n\(header)content-length: \(body.count)\r\n\r\n")
        try socket.write(body)
        return try socket.reply(hasBody: method != "HEAD")
    }
}

/// A reply as it came over the socket.
struct TestReply {
    let status: Int
    let head: String
    let body: String

    func json() throws -> JSONValue { try JSONValue(json: body.utf8) }
}

/// A client that reads HTTP/1.1 replies.
final class TestSocket {
    private let socket: RawSocket
    var received: [UInt8] = []

    init(port: Int) throws { socket = try RawSocket(port: port) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws { try socket.write(bytes) }

    /// Ends this side; replies can still be read.
    func endWriting() { socket.endWriting() }

    /// Whether the server has ended its side, with nothing more to read.
    func isClosedByServer() -> Bool {
        received.isEmpty && socket.isAtEnd()
    }

    /// The next reply; its length is that of its `content-length`.
    func reply(hasBody: Bool = true) throws -> TestReply {
        while received.firstRange(of: Array("\r\n\r\n".utf8)) == nil { try #require(readMore(), "no reply") }
        let end = try #require(received.firstRange(of: Array("\r\n\r\n".utf8)))
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        let status = try #require(Int(head.split(separator: " ")[1]))
        let lengthLine = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        let length = hasBody ? lengthLine.flatMap { Int($0.dropFirst(16)) } ?? 0 : 0
        while received.count < end.upperBound + length { try #require(readMore(), "the reply is cut off") }
        let body = String(decoding: received[end.upperBound..<(end.upperBound + length)], as: UTF8.self)
        received.removeFirst(end.upperBound + length)
        return TestReply(status: status, head: head.lowercased(), body: body)
    }

    func readMore() -> Bool {
        let more = socket.read()
        guard !more.isEmpty else { return false }
        received += more
        return true
    }
}

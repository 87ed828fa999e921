import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOCore

/// A bucket service on a real SQLite file, with object files on the given disk, or on a real one.
struct BucketsFixture {
    let service: BucketService
    let queues: QueueService
    let objects: FileObjectStore
    let database: Database
    let time: ManualTime

    static func with(
        disk: FaultyDisk? = nil,
        _ body: (BucketsFixture) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "buckets-\(Identifier.hexadecimal())"
        )
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let database = try Database.open(
            path: directory.appendingPathComponent("flare.db").path,
            migrations: QueueService.migrations + BucketService.migrations + AccessKeyService.migrations
        )
        let objects = try FileObjectStore(
            directory: disk == nil ? directory.appendingPathComponent("objects").path : "/objects",
            disk: disk ?? PosixDisk()
        )
        let time = ManualTime()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queues = QueueService(database: database, time: time, logger: logger)
        let service = BucketService(database: database, objects: objects, queues: queues, time: time, logger: logger)
        try await service.create("data")
        try await body(
            BucketsFixture(service: service, queues: queues, objects: objects, database: database, time: time)
        )
        try database.close()
    }

    @discardableResult
    func put(_ key: String, _ text: String = "x") async throws -> ObjectRecord? {
        try await service.put(key, in: "data", bytes: ByteBuffer(string: text))
    }

    func text(_ key: String) async throws -> String {
        String(buffer: try await service.bytes(key, in: "data"))
    }

    /// The bodies of the messages that wait in a queue.
    func messages(_ queue: String) async throws -> [JSONValue] {
        try await queues.peek(queue, limit: 100).map { try JSONValue(json: $0.body) }
    }

    func addRule(
        queue: String,
        prefix: String = "",
        suffix: String = "",
        _ types: [ObjectEventType] = [.objectCreate]
    ) async throws -> QueueRules {
        let rule = NotificationRule(prefix: prefix, suffix: suffix, actions: Set(types.flatMap(\.actions)))
        return try await service.addRules([NewNotificationRule(rule)], bucket: "data", queue: queue)
    }
}

/// Pieces of a body, as a socket delivers them; fails after the last one when told to.
struct Pieces: AsyncSequence, Sendable {
    let pieces: [ByteBuffer]
    var failure: (any Error)?

    init(_ count: Int, of bytes: Int, failure: (any Error)? = nil) {
        pieces = (0..<count).map { ByteBuffer(repeating: UInt8(truncatingIfNeeded: $0), count: bytes) }
        self.failure = failure
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ByteBuffer>
        let failure: (any Error)?

        mutating func next() async throws -> ByteBuffer? {
            if let next = rest.popFirst() { return next }
            if let failure { throw failure }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(rest: pieces[...], failure: failure)
    }
}

/// The code of the `FlareError` that a call throws; nil when it does not throw one.
func code(_ body: () async throws -> some Sendable) async -> FlareError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? FlareError)?.code
    }
}

/// What a socket throws when the other side has gone.
struct ConnectionLost: Error {}

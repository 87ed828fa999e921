import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOCore

@testable import FlareBuckets

/// A bucket service on a real SQLite file, with object files on the given disk, or on a real one.
struct BucketsFixture {
    let service: BucketService
    let queues: QueueService
    let objects: FileObjectStore
    let database: Database
    let time: ManualTime

    static func with(
        disk: FaultyDisk? = nil,
        uploadPartBytesMin: Int = Limits.uploadPartBytesMin,
        _ body: (BucketsFixture) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "buckets-\(Identifier.hexadecimal())"
        )
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let database = try Database.open(
            path: directory.appendingPathComponent("flare.db").path,
            migrations: QueueService.migrations + BucketService.migrations + AccessKeyService.migrations,
            room: disk.map { DiskRoom(directory: "/", disk: $0, trustedBytesMax: 0) }
        )
        let objects = try FileObjectStore(
            directory: disk == nil ? directory.appendingPathComponent("objects").path : "/objects",
            disk: disk ?? PosixDisk()
        )
        let time = ManualTime()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queues = QueueService(database: database, time: time, logger: logger)
        let service = BucketService(
            database: database,
            objects: objects,
            queues: queues,
            time: time,
            logger: logger,
            uploadPartBytesMin: uploadPartBytesMin
        )
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

    /// Bytes of an object that must be there.
    func text(_ key: String, _ range: ObjectRange? = nil, partNumber: Int? = nil) async throws -> String {
        let read = try await service.get(key, in: "data", range: range, partNumber: partNumber)
        guard case .contents(let contents) = read else {
            throw FlareError(.objectNotFound, "object \(key) was not read: \(String(describing: read))")
        }
        return String(buffer: try await contents.bytes.collect())
    }

    func part(_ number: Int, _ text: String, _ upload: UploadRecord) async throws -> UploadPartRecord {
        try await service.uploadPart(number, of: upload.id, in: upload.bucket, SinglePiece(text))
    }

    /// All open uploads, page by page.
    func uploads(
        prefix: String = "",
        delimiter: String? = nil,
        limit: Int
    ) async throws -> (keys: [String], prefixes: [String]) {
        var result: (keys: [String], prefixes: [String]) = ([], [])
        var page = UploadList()
        repeat {
            page = try await service.listUploads(
                in: "data",
                prefix: prefix,
                delimiter: delimiter,
                keyMarker: page.nextKeyMarker,
                uploadIDMarker: page.nextUploadIDMarker,
                limit: limit
            )
            result.keys += page.uploads.map(\.key)
            result.prefixes += page.delimitedPrefixes
        } while page.isTruncated
        return result
    }

    /// The service of the engine's next life, which has forgotten what was in memory.
    func again() -> BucketService {
        BucketService(
            database: database,
            objects: objects,
            queues: queues,
            time: time,
            logger: service.logger,
            uploadPartBytesMin: 1
        )
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

/// A body of one piece.
struct SinglePiece: AsyncSequence, Sendable {
    let bytes: ByteBuffer

    init(_ text: String) {
        self.init(ByteBuffer(string: text))
    }

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func makeAsyncIterator() -> Pieces.AsyncIterator {
        Pieces.AsyncIterator(rest: [bytes][...], failure: nil)
    }
}

/// A body that stands still after its only piece until it is told to end.
struct GatedBody: AsyncSequence, Sendable {
    private let bytes: ByteBuffer
    private let read = AsyncStream.makeStream(of: Void.self)
    private let end = AsyncStream.makeStream(of: Void.self)

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// Returns when the reader asks for what follows the piece.
    func untilRead() async {
        for await _ in read.stream { return }
    }

    func finish() {
        end.continuation.finish()
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: GatedBody
        var isAtEnd = false

        mutating func next() async -> ByteBuffer? {
            guard isAtEnd else {
                isAtEnd = true
                return body.bytes
            }
            body.read.continuation.yield()
            for await _ in body.end.stream {}
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: self)
    }
}

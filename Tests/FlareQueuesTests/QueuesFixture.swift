import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging

/// A queue service on a real SQLite file, with a clock that the test moves.
struct QueuesFixture {
    let service: QueueService
    let database: Database
    let time: ManualTime
    let path: String

    static func with(disk: FaultyDisk? = nil, _ body: (QueuesFixture) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "queues-\(Identifier.hexadecimal())"
        )
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("flare.db").path
        let database = try Database.open(
            path: path,
            migrations: QueueService.migrations,
            room: disk.map { DiskRoom(directory: "/", disk: $0, trustedBytesMax: 0) }
        )
        let time = ManualTime()
        try await body(QueuesFixture(service: service(database, time), database: database, time: time, path: path))
        try database.close()
    }

    /// A service as a restarted engine has it: the same rows, nothing in memory.
    func restarted() -> QueueService {
        Self.service(database, time)
    }

    private static func service(_ database: Database, _ time: ManualTime) -> QueueService {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return QueueService(database: database, time: time, logger: logger)
    }

    func send(_ bodies: String..., to queue: String = "orders", delaySeconds: Int? = nil) async throws {
        let messages = bodies.map { NewMessage(body: Array($0.utf8), contentType: .text, delaySeconds: delaySeconds) }
        _ = try await service.send(messages, to: queue)
    }

    /// Leases messages and returns them.
    func pull(_ queue: String = "orders", max: Int = 10, visibility: Int? = nil) async throws -> [LeasedMessage] {
        try await service.pull(queue, batchSize: max, visibilityMilliseconds: visibility).batch.messages
    }

    /// The bodies of the messages that lie in a queue.
    func bodies(_ queue: String = "orders", dead: Bool = false) async throws -> [String] {
        try await service.peek(queue, limit: 100, dead: dead).map(\.text)
    }

    /// Sets the consumer of `orders`.
    func consume(
        by target: ConsumerTarget,
        deadLetterQueue: String? = nil,
        _ change: (inout ConsumerSettings) -> Void = { _ in }
    ) async throws {
        var settings = ConsumerSettings()
        change(&settings)
        let consumer = NewConsumer(target: target, settings: settings, deadLetterQueue: deadLetterQueue)
        _ = try await service.createConsumer(consumer, queue: "orders")
    }

    /// Runs a delivery loop while `body` runs, and stops it by cancellation.
    func delivering(
        _ service: QueueService? = nil,
        _ deliver: @escaping DeliveryHandler,
        _ body: () async throws -> Void
    ) async throws {
        let loop = (service ?? self.service).deliveryLoop(deliver)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

extension StoredMessage {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension LeasedMessage {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Batches that a test consumer was given, in order, with a way to wait for the next one.
final class Deliveries: Sendable {
    private let stream: AsyncStream<[LeasedMessage]>
    private let continuation: AsyncStream<[LeasedMessage]>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func put(_ batch: LeasedBatch) {
        continuation.yield(batch.messages)
    }

    /// The next batch; waits for it.
    func next() async -> [LeasedMessage] {
        for await batch in stream { return batch }
        return []
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

import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import FlarePipelines

/// Pipelines on a real SQLite file and a real log, in a directory that outlives several engines.
struct PipelinesFixture {
    /// One life of the engine, as far as pipelines need it.
    struct Life {
        let database: Database
        let buckets: BucketService
        let queues: QueueService
        let pipelines: PipelineService
        let loops: Task<Void, Never>

        /// Ends without flushing anything, wherever the loops stand.
        func crash() async throws {
            loops.cancel()
            await loops.value
            pipelines.close()
            try database.close()
        }
    }

    let directory: StateDirectory
    let time = ManualTime()

    static func with(_ body: (PipelinesFixture) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "pipelines-\(Identifier.hexadecimal())"
        )
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: path) }
        try await body(PipelinesFixture(directory: StateDirectory(path: path.path)))
    }

    /// No Workers: whoever transforms fails.
    static let noHooks = PipelineHooks(
        invoke: { _ in throw FlareError(.workerNotFound, "there are no Workers here") },
        checkTransform: { _, _ in }
    )

    func start(disk: any Disk = PosixDisk(), hooks: PipelineHooks = PipelinesFixture.noHooks) async throws -> Life {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let database = try Database.open(
            path: directory.database,
            migrations: QueueService.migrations + BucketService.migrations + PipelineService.migrations
        )
        let queues = QueueService(database: database, time: time, logger: logger)
        let buckets = BucketService(
            database: database,
            objects: try FileObjectStore(directory: directory.objects, disk: disk),
            queues: queues,
            time: time,
            logger: logger
        )
        let pipelines = PipelineService(
            database: database,
            state: directory,
            disk: PosixDisk(),
            buckets: buckets,
            hooks: hooks,
            group: MultiThreadedEventLoopGroup.singleton,
            time: time,
            logger: logger
        )
        try await pipelines.open()
        let loops = Task { await pipelines.runLoops() }
        return Life(database: database, buckets: buckets, queues: queues, pipelines: pipelines, loops: loops)
    }
}

extension PipelinesFixture.Life {
    /// A pipeline `orders` into the bucket `data`.
    @discardableResult
    func create(
        key: String? = ".shop",
        compression: PipelineCompression? = nil,
        batch: PipelineBatchBody = .init(maxDurationSeconds: 60)
    ) async throws -> PipelineRecord {
        try await pipelines.create(
            PipelineCreateBody(
                name: "orders",
                destinationBucket: "data",
                settings: PipelineSettingsBody(
                    batchOnJSONKey: key,
                    prefix: "raw",
                    compression: compression,
                    batch: batch
                )
            )
        )
    }

    @discardableResult
    func send(_ body: String) async throws -> IngestResult {
        let (result, error) = try await pipelines.ingest(
            ByteBuffer(string: body),
            into: "orders",
            form: .detect,
            source: .control
        )
        if let error { throw error }
        return result
    }

    /// Keys of the objects in the bucket, in order.
    func keys() async throws -> [String] {
        try await buckets.list(ObjectListRequest(limit: 1_000), in: "data").objects.map(\.key)
    }

    /// The value of `.n` of every record in every object.
    func numbers() async throws -> [Int] {
        var numbers: [Int] = []
        for key in try await keys() {
            let text = String(buffer: try await buckets.bytes(key, in: "data"))
            numbers += try text.split(separator: "\n").compactMap { try JSONValue(json: $0.utf8)["n"]?.integerValue }
        }
        return numbers
    }

    /// Lets the loops run until a condition holds; fails the test when it does not within a minute.
    func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("did not happen: \(what)")
                return
            }
            await Task.yield()
        }
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

import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging
import Testing

@Suite("Buckets against a model")
struct ObjectModelTests {
    @Test("20,000 random operations answer as the model does, through reopened databases, and leave no file over")
    func model() async throws {
        let seed = UInt64.random(in: .min ... .max)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(Identifier.hexadecimal())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let disk = FaultyDisk(capacityBytes: 1_000_000_000)
        var lanes: [ObjectLane] = []
        // Several at a time, so that their commits share the disk's syncs.
        let (laneCount, lives) = (10, 8)
        for life in 0..<lives {
            let (database, service, queues) = try open(directory, disk)
            if life == 0 { lanes = try await makeLanes(laneCount, seed: seed, service, queues) }
            #expect(try await service.sweeper.collectOrphans() == 0, "seed \(seed)")
            let current = lanes
            lanes = try await withThrowingTaskGroup(of: (Int, ObjectLane).self) { group in
                for (index, lane) in current.enumerated() {
                    group.addTask {
                        var lane = lane
                        (lane.service, lane.queues) = (service, queues)
                        try await lane.run(20_000 / laneCount / lives)
                        return (index, lane)
                    }
                }
                return try await group.reduce(into: current) { $0[$1.0] = $1.1 }
            }
            try await service.sweeper.collectOrphans()
            let files = try await FileObjectStore(directory: "/objects", disk: disk).listIDs().count
            #expect(files == lanes.reduce(0) { $0 + $1.model.files.count }, "seed \(seed)")
            try database.close()
        }
        // Shown beside whatever has failed.
        for lane in lanes { #expect(!lane.model.objects.isEmpty, "seed \(seed)") }
    }

    private func open(
        _ directory: URL,
        _ disk: FaultyDisk
    ) throws -> (Database, BucketService, QueueService) {
        let database = try Database.open(
            path: directory.appendingPathComponent("flare.db").path,
            migrations: QueueService.migrations + BucketService.migrations
        )
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let queues = QueueService(database: database, time: ManualTime(), logger: logger)
        let service = BucketService(
            database: database,
            objects: try FileObjectStore(directory: "/objects", disk: disk),
            queues: queues,
            time: ManualTime(),
            logger: logger,
            uploadPartBytesMin: ObjectLane.partBytesMin
        )
        return (database, service, queues)
    }

    private func makeLanes(
        _ count: Int,
        seed: UInt64,
        _ service: BucketService,
        _ queues: QueueService
    ) async throws -> [ObjectLane] {
        var lanes: [ObjectLane] = []
        for index in 0..<count {
            let name = "lane-\(index)"
            try await service.create(name)
            _ = try await queues.create(name)
            let rule = NotificationRule(actions: Set(ObjectAction.allCases))
            _ = try await service.addRules([NewNotificationRule(rule)], bucket: name, queue: name)
            let numbers = SeededNumbers(seed: seed &+ UInt64(index))
            lanes.append(ObjectLane(bucket: name, numbers: numbers, service: service, queues: queues))
        }
        return lanes
    }
}

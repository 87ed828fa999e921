package import FlareModel
package import FlareQueues
package import FlareStore
package import Logging

/// Buckets, the objects in them, and the rules that tell queues about objects.
///
/// An object is visible from the commit of its row on, together with the messages about it; its bytes are on disk by
/// then. This file has the verbs of buckets; objects, staging and rules are in the extensions.
package final class BucketService: Sendable {
    let database: Database
    let objects: any ObjectStore
    let queues: QueueService
    let time: any TimeSource
    let logger: Logger
    /// The least bytes of each part of an upload but the last.
    let uploadPartBytesMin: Int
    /// Deletes files that no row needs; runs as a service of the engine.
    package let sweeper: ObjectSweeper
    /// Takes old events away; runs as a service of the engine.
    package let eventSweeper: BucketEventSweeper
    let eventSignals = BucketEventSignals()
    let lifecycle = LifecycleSignals()

    package init(
        database: Database,
        objects: any ObjectStore,
        queues: QueueService,
        time: any TimeSource,
        logger: Logger,
        uploadPartBytesMin: Int = Limits.uploadPartBytesMin
    ) {
        self.database = database
        self.objects = objects
        self.queues = queues
        self.time = time
        self.logger = logger
        self.uploadPartBytesMin = uploadPartBytesMin
        sweeper = ObjectSweeper(database: database, objects: objects, logger: logger)
        eventSweeper = BucketEventSweeper(database: database, time: time, logger: logger)
    }

    /// The time by which objects are old or young.
    package var now: Timestamp { time.now() }

    /// The service that carries lifecycle rules out.
    package var lifecycleSweeper: LifecycleSweeper { LifecycleSweeper(self) }

    /// Creates an empty bucket.
    ///
    /// Throws `invalidName`, or `alreadyExists` when the name is taken.
    @discardableResult
    package func create(_ name: String, storageClass: StorageClass = .standard) async throws -> BucketRecord {
        try NameRule.bucket.validate(name)
        let now = time.now()
        return try await database.write { tx in
            let record = BucketRecord(name: name, storageClass: storageClass, createdAt: now)
            guard try record.insert(in: tx) else {
                throw FlareError(
                    .alreadyExists,
                    "bucket \"\(name)\" already exists",
                    hint: "flare buckets info \(name)"
                )
            }
            try self.announceCreation(of: record, at: now, in: tx)
            return record
        }
    }

    /// The bucket, created when it is missing.
    ///
    /// Throws `invalidName`.
    @discardableResult
    package func ensure(named name: String, in tx: Transaction) throws -> BucketRecord {
        try NameRule.bucket.validate(name)
        let record = BucketRecord(name: name, storageClass: .standard, createdAt: time.now())
        guard try record.insert(in: tx) else { return try BucketRecord.require(name, in: tx) }
        try announceCreation(of: record, at: record.createdAt, in: tx)
        return record
    }

    /// Tells the subscribers of buckets, in the payload of Cloudflare's documentation.
    /// https://developers.cloudflare.com/r2/platform/event-subscriptions/
    private func announceCreation(of bucket: BucketRecord, at now: Timestamp, in tx: Transaction) throws {
        let payload: [String: JSONValue] = [
            "name": .string(bucket.name), "jurisdiction": .string("default"), "location": .string("local"),
            "storageClass": .string(bucket.storageClass.rawValue),
        ]
        try queues.publish(SubscriptionEvent("bucket.created", of: .bucket, payload: payload), at: now, in: tx)
    }

    /// Whether a bucket has this name.
    package func exists(_ name: String, in tx: Transaction) throws -> Bool {
        try BucketRecord.find(name, in: tx) != nil
    }

    /// The bucket with its counters; throws `bucketNotFound` with the nearest name.
    package func get(_ name: String) async throws -> BucketRecord {
        try await database.read { try BucketRecord.require(name, in: $0) }
    }

    /// A page of buckets by name, after the one called `name`.
    package func list(
        after name: String? = nil,
        containing text: String = "",
        descending: Bool = false,
        limit: Int = Limits.bucketListMax
    ) async throws -> [BucketRecord] {
        try await database.read { tx in
            try BucketRecord.page(
                after: name,
                containing: text,
                descending: descending,
                limit: min(limit, Limits.bucketListMax),
                in: tx
            )
        }
    }

    /// Deletes an empty bucket with its rules and its open uploads.
    ///
    /// Throws `bucketNotFound`, `bucketNotEmpty`, or `inUse` when a pipeline writes to it.
    package func delete(_ name: String) async throws {
        let now = time.now()
        try await database.write { [queues, eventSignals] tx in
            let bucket = try BucketRecord.require(name, in: tx)
            guard bucket.objectCount == 0 else {
                let noun = bucket.objectCount == 1 ? "1 object" : "\(bucket.objectCount) objects"
                throw FlareError(
                    .bucketNotEmpty,
                    "bucket \"\(name)\" is not empty: it holds \(noun)",
                    hint: "delete them first: flare buckets objects delete \(name) --prefix \"\" --yes"
                )
            }
            try queues.removeProducers(.bucket, named: name, in: tx)
            self.retire(try UploadRecord.deleteAll(of: name, in: tx), after: tx)
            do {
                try BucketRecord.delete(name, in: tx)
            } catch let error as FlareError where error.code == .inUse {
                // Rules go with their bucket and objects there are none: a foreign key of a room above has refused.
                throw FlareError(
                    .inUse,
                    "bucket \"\(name)\" is the destination of a pipeline",
                    hint: "see: flare pipelines list",
                    cause: error
                )
            }
            try BucketEventLog.prune(name, upTo: BucketEventLog.find(name, in: tx).last, in: tx)
            let payload: [String: JSONValue] = ["name": .string(name), "jurisdiction": .string("default")]
            try queues.publish(SubscriptionEvent("bucket.deleted", of: .bucket, payload: payload), at: now, in: tx)
            // Those who follow its events see that it is gone.
            tx.afterCommit { eventSignals.notify(name) }
        }
    }
}

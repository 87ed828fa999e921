import FlareModel
import FlareStore
import Logging
import ServiceLifecycle

/// Takes away events of buckets that are too old or too many, and those of buckets that are gone.
///
/// Looks now and then, a few rows at a time, so that nothing waits for it.
package final class BucketEventSweeper: Service {
    /// Between two looks; events are kept a little longer than they must.
    private static let pause = Duration.seconds(600)

    private let database: Database
    private let time: any TimeSource
    private let logger: Logger

    init(database: Database, time: any TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    /// Ends on graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    _ = try await self.sweep()
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("events of buckets are kept too long", metadata: ["error": "\(error)"])
                }
                await self.time.sleep(until: self.time.now() + Self.pause)
            }
        }
    }

    /// Takes away what is there to take away; returns how many events that were.
    @discardableResult
    package func sweep(keeping kept: Int = Limits.bucketEventsMax) async throws -> Int {
        let oldest = time.now() + .milliseconds(-Limits.bucketEventsKept.milliseconds)
        var deleted = 0
        var name = ""
        while !Task.isCancelled {
            let after = name
            let names = try await database.read { try BucketEventLog.names(after: after, limit: 100, in: $0) }
            guard let last = names.last else { return deleted }
            for bucket in names { deleted += try await sweep(bucket, before: oldest, keeping: kept) }
            name = last
        }
        return deleted
    }

    private func sweep(_ bucket: String, before oldest: Timestamp, keeping kept: Int) async throws -> Int {
        let limit = Limits.bucketEventPage
        var deleted = 0
        while !Task.isCancelled {
            // Most looks find nothing, and then nothing is written.
            let isDue = try await database.read { tx in
                let log = try BucketEventLog.find(bucket, in: tx)
                let first = try BucketEventRecord.page(of: bucket, after: 0, limit: 1, in: tx).first
                guard let first else { return false }
                return first.cursor <= max(log.pruned, log.last - Int64(kept)) || first.eventTime < oldest
            }
            guard isDue else { return deleted }
            deleted += try await database.write { tx in
                let log = try BucketEventLog.find(bucket, in: tx)
                let page = try BucketEventRecord.page(of: bucket, after: 0, limit: limit, in: tx)
                let old = page.prefix { $0.eventTime < oldest }.last?.cursor ?? 0
                let bound = min(max(log.last - Int64(kept), old, log.pruned), page.last?.cursor ?? 0)
                try BucketEventLog.prune(bucket, upTo: bound, in: tx)
                return try BucketEventRecord.deletePruned(bucket, upTo: bound, limit: limit, in: tx)
            }
        }
        return deleted
    }
}

package import FlareModel
import FlareStore
import Synchronization

/// Where a look at a bucket's events begins.
package enum BucketEventStart: Sendable, Hashable {
    /// With the oldest event that is kept.
    case oldest
    /// With the next event.
    case now
    /// With the first event at or after a time that is kept.
    case since(Timestamp)
    /// After the event with this cursor.
    case after(Int64)
}

/// Some events of a bucket, and how far the look has come.
package struct BucketEventPage: Sendable {
    /// Those whose key fits, oldest first.
    package var events: [BucketEventBody]
    /// Goes on behind all that was looked at.
    package var cursor: Int64
    /// Whether these were the newest.
    package var isEnd: Bool
}

/// Wakes those who follow the events of a bucket.
final class BucketEventSignals: Sendable {
    private struct State {
        var nextID = 0
        var followers: [String: [Int: Wake]] = [:]
    }

    private let state = Mutex(State())

    /// Called after the commit of an event.
    func notify(_ bucket: String) {
        let wakes = state.withLock { Array(($0.followers[bucket] ?? [:]).values) }
        for wake in wakes { wake.notify() }
    }

    func follow(_ bucket: String) -> (id: Int, wake: Wake) {
        state.withLock { state in
            state.nextID += 1
            let wake = Wake()
            state.followers[bucket, default: [:]][state.nextID] = wake
            return (state.nextID, wake)
        }
    }

    func unfollow(_ bucket: String, _ id: Int) {
        state.withLock { state in
            state.followers[bucket]?[id] = nil
            if state.followers[bucket]?.isEmpty == true { state.followers[bucket] = nil }
        }
    }
}

/// The log of what happened to the objects of a bucket.
///
/// Each event is a row that commits with its object, and is kept for `Limits.bucketEventsKept`, and at most
/// `Limits.bucketEventsMax` of a bucket: so a look back works that nobody has asked for beforehand.
extension BucketService {
    /// How far times may be out of order: they are taken before the write waits for its turn.
    private static let timeTolerance = Duration.seconds(60)

    /// The cursor of a place in the log of a bucket.
    ///
    /// Throws `bucketNotFound`, or `cursorExpired` for a cursor whose next event is not kept any more.
    package func eventCursor(_ start: BucketEventStart, of bucket: String) async throws -> Int64 {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let log = try BucketEventLog.find(bucket, in: tx)
            switch start {
            case .oldest: return log.pruned
            case .now: return log.last
            case .since(let time): return try Self.cursor(before: time, log, of: bucket, in: tx)
            case .after(let cursor):
                try Self.require(cursor, in: log, of: bucket)
                return cursor
            }
        }
    }

    /// The next events of a bucket after a cursor whose keys begin with `prefix`, as far as `limit` events are looked
    /// at.
    ///
    /// Throws as `eventCursor`.
    package func events(
        of bucket: String,
        after cursor: Int64,
        prefix: String = "",
        limit: Int = Limits.bucketEventPage
    ) async throws -> BucketEventPage {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let log = try BucketEventLog.find(bucket, in: tx)
            try Self.require(cursor, in: log, of: bucket)
            let rows = try BucketEventRecord.page(of: bucket, after: cursor, limit: limit, in: tx)
            let reached = rows.last?.cursor ?? cursor
            return BucketEventPage(
                events: rows.filter { $0.object.key.beginsWithBytes(of: prefix) },
                cursor: reached,
                isEnd: reached >= log.last
            )
        }
    }

    /// Passes on the events of a bucket after a cursor, page by page, as they happen, until `emit` throws, the task is
    /// cancelled, or `end` has come.
    ///
    /// Pages without a fitting event are passed on too, for their cursor. Throws as `eventCursor`, the moment its
    /// bucket is deleted as well.
    package func followEvents(
        of bucket: String,
        after cursor: Int64,
        prefix: String = "",
        until end: Timestamp? = nil,
        emit: @Sendable (BucketEventPage) async throws -> Void
    ) async throws {
        let (id, wake) = eventSignals.follow(bucket)
        defer { eventSignals.unfollow(bucket, id) }
        var cursor = cursor
        while !Task.isCancelled {
            let page = try await events(of: bucket, after: cursor, prefix: prefix)
            if page.cursor > cursor { try await emit(page) }
            cursor = page.cursor
            guard page.isEnd else { continue }
            if let end, end <= time.now() { return }
            await wake.wait(until: end, time: time)
        }
    }

    private static func require(_ cursor: Int64, in log: BucketEventLog, of bucket: String) throws {
        guard cursor > log.last || cursor < log.pruned else { return }
        let what =
            cursor > log.last
            ? "the log of bucket \"\(bucket)\" has not come to cursor \(cursor): its last event is \(log.last)"
            : "the events of bucket \"\(bucket)\" after cursor \(cursor) are not kept any more, up to \(log.pruned)"
        throw FlareError(
            .cursorExpired,
            what,
            hint: "go on with the oldest that is kept: flare buckets watch \(bucket) --since oldest"
        )
    }

    /// Times grow with the sequence but for a little, so that the place is found by halving.
    private static func cursor(
        before time: Timestamp,
        _ log: BucketEventLog,
        of bucket: String,
        in tx: Transaction
    ) throws -> Int64 {
        let early = time + .milliseconds(-timeTolerance.milliseconds)
        var (low, high) = (log.pruned, log.last)
        while low < high {
            let middle = low + (high - low + 1) / 2
            guard let found = try BucketEventRecord.time(of: middle, bucket: bucket, in: tx), found >= early else {
                low = middle
                continue
            }
            high = middle - 1
        }
        // From there on, up to the first event that is late enough.
        while true {
            let page = try BucketEventRecord.page(of: bucket, after: low, limit: Limits.bucketEventPage, in: tx)
            if let first = page.first(where: { $0.eventTime >= time }) { return first.cursor - 1 }
            guard let last = page.last else { return low }
            low = last.cursor
        }
    }
}

import FlareModel
import FlareStore

/// How far the log of a bucket's events goes: a row of `bucket_event_logs`.
struct BucketEventLog: Sendable, Hashable {
    /// The sequence of the newest event; they are counted from 1, without gaps.
    var last: Int64 = 0
    /// The sequence of the newest event that is not kept any more.
    var pruned: Int64 = 0

    static func find(_ bucket: String, in tx: Transaction) throws -> BucketEventLog {
        try tx.row("SELECT last, pruned FROM bucket_event_logs WHERE bucket = ?", .text(bucket)) {
            BucketEventLog(last: $0.integer(0), pruned: $0.integer(1))
        } ?? BucketEventLog()
    }

    /// The sequence of the next event of a bucket.
    static func next(_ bucket: String, in tx: Transaction) throws -> Int64 {
        try tx.row(
            """
            INSERT INTO bucket_event_logs (bucket, last) VALUES (?, 1)
            ON CONFLICT (bucket) DO UPDATE SET last = bucket_event_logs.last + 1 RETURNING last
            """,
            .text(bucket)
        ) { $0.integer(0) } ?? 1
    }

    /// Events up to `sequence` count as gone from now on; `BucketEventRecord.deletePruned` takes their rows away.
    static func prune(_ bucket: String, upTo sequence: Int64, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE bucket_event_logs SET pruned = ? WHERE bucket = ? AND pruned < ?",
            .integer(sequence),
            .text(bucket),
            .integer(sequence)
        )
    }

    /// The names of the next buckets that have a log.
    static func names(after name: String, limit: Int, in tx: Transaction) throws -> [String] {
        try tx.rows(
            "SELECT bucket FROM bucket_event_logs WHERE bucket > ? ORDER BY bucket LIMIT ?",
            .text(name),
            .integer(Int64(limit))
        ) { $0.text(0) }
    }
}

/// The rows of `bucket_events`.
enum BucketEventRecord {
    private static let columns = """
        bucket, sequence, action, key, size, etag, event_time, source_bucket, source_key
        """

    /// Writes an event to the end of its bucket's log.
    static func append(_ event: BucketEvent, in tx: Transaction) throws {
        let sequence = try BucketEventLog.next(event.bucket, in: tx)
        try tx.execute(
            "INSERT INTO bucket_events (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(event.bucket),
            .integer(sequence),
            .text(event.action.rawValue),
            .text(event.object.key),
            event.object.size.map { .integer(Int64($0)) } ?? .null,
            SQLValue(event.object.eTag),
            .integer(event.time.milliseconds),
            SQLValue(event.copySource?.bucket),
            SQLValue(event.copySource?.object)
        )
    }

    /// The next events of a bucket, oldest first.
    static func page(
        of bucket: String,
        after sequence: Int64,
        limit: Int,
        in tx: Transaction
    ) throws -> [BucketEventBody] {
        try tx.rows(
            "SELECT \(columns) FROM bucket_events WHERE bucket = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            .text(bucket),
            .integer(sequence),
            .integer(Int64(limit)),
            decode: decode
        )
    }

    /// The time of an event; nil when it is not kept.
    static func time(of sequence: Int64, bucket: String, in tx: Transaction) throws -> Timestamp? {
        try tx.row(
            "SELECT event_time FROM bucket_events WHERE bucket = ? AND sequence = ?",
            .text(bucket),
            .integer(sequence)
        ) { $0.time(0) }
    }

    /// Deletes rows of events that count as gone, the oldest first, as far as `limit` goes.
    ///
    /// Returns how many.
    static func deletePruned(_ bucket: String, upTo sequence: Int64, limit: Int, in tx: Transaction) throws -> Int {
        try tx.execute(
            """
            DELETE FROM bucket_events WHERE bucket = ? AND sequence IN
                (SELECT sequence FROM bucket_events WHERE bucket = ? AND sequence <= ? ORDER BY sequence LIMIT ?)
            """,
            .text(bucket),
            .text(bucket),
            .integer(sequence),
            .integer(Int64(limit))
        )
    }

    private static func decode(_ row: SQLRow) throws -> BucketEventBody {
        guard let action = ObjectAction(rawValue: row.text(2)) else {
            throw FlareError(.corruptStore, "an event of a bucket has the action \"\(row.text(2))\"")
        }
        return BucketEventBody(
            cursor: row.integer(1),
            action: action,
            bucket: row.text(0),
            object: EventObjectBody(key: row.text(3), size: row.optionalInt(4), eTag: row.optionalText(5)),
            eventTime: row.time(6),
            copySource: row.optionalText(7).map { CopySourceBody(bucket: $0, object: row.text(8)) }
        )
    }
}

import FlareModel
import FlareStore

/// Which spans of a queue there are, found by index however many there are.
extension SpanRecord {
    /// Spans that may be leased now, those that became visible first in front.
    static func visible(_ queue: Int64, now: Timestamp, limit: Int, in tx: Transaction) throws -> [SpanRecord] {
        let sql = """
            SELECT \(columns) FROM queue_spans
            WHERE queue = ? AND died_at IS NULL AND visible_at <= ? ORDER BY visible_at, first LIMIT ?
            """
        return try tx.rows(
            sql,
            .integer(queue),
            .integer(now.milliseconds),
            SQLValue(limit),
            decode: SpanRecord.init
        )
    }

    /// The oldest spans with messages after a place in the order of arrival, up to another.
    static func after(
        _ sequence: Int64,
        upTo last: Int64 = .max,
        of queue: Int64,
        _ set: QueueMessageSet = .living,
        limit: Int,
        in tx: Transaction
    ) throws -> [SpanRecord] {
        guard sequence < last else { return [] }
        // The span that holds the place may go on behind it.
        let holder = try find(sequence, in: tx).flatMap { $0.sequences.upperBound > sequence + 1 ? $0.first : nil }
        func spans(_ state: String) throws -> [SpanRecord] {
            try tx.rows(
                """
                SELECT \(columns) FROM queue_spans
                WHERE queue = ? AND died_at IS \(state) AND first >= ? AND first <= ? ORDER BY first LIMIT ?
                """,
                .integer(queue),
                .integer(holder ?? sequence + 1),
                .integer(last),
                SQLValue(limit),
                decode: SpanRecord.init
            )
        }
        switch set {
        case .living: return try spans("NULL")
        case .dead: return try spans("NOT NULL")
        case .all:
            let both = try spans("NULL") + spans("NOT NULL")
            return Array(both.sorted { $0.first < $1.first }.prefix(limit))
        }
    }

    /// When the oldest living message was sent.
    static func oldest(_ queue: Int64, in tx: Transaction) throws -> Timestamp? {
        try tx.row(
            "SELECT enqueued_at FROM queue_spans WHERE queue = ? AND died_at IS NULL ORDER BY first LIMIT 1",
            .integer(queue)
        ) { $0.time(0) }
    }

    /// When the next delayed or leased message becomes visible.
    static func nextVisible(_ queue: Int64, now: Timestamp, in tx: Transaction) throws -> Timestamp? {
        try tx.row(
            """
            SELECT visible_at FROM queue_spans
            WHERE queue = ? AND died_at IS NULL AND visible_at > ? ORDER BY visible_at, first LIMIT 1
            """,
            .integer(queue),
            .integer(now.milliseconds)
        ) { $0.time(0) }
    }

    /// What a push consumer's schedule needs to know, counting about `limit` visible messages.
    static func backlog(_ queue: Int64, now: Timestamp, limit: Int, in tx: Transaction) throws -> VisibleBacklog {
        let visible = try tx.rows(
            """
            SELECT visible_at, count FROM queue_spans
            WHERE queue = ? AND died_at IS NULL AND visible_at <= ? ORDER BY visible_at, first LIMIT ?
            """,
            .integer(queue),
            .integer(now.milliseconds),
            SQLValue(limit)
        ) { ($0.time(0), $0.int(1)) }
        return VisibleBacklog(
            visible: visible.reduce(0) { $0 + $1.1 },
            visibleSince: visible.first?.0,
            nextVisible: try nextVisible(queue, now: now, in: tx)
        )
    }

    /// Messages on one side of a moment, not counting more than `limit` spans; nil when there are more.
    ///
    /// Leased ones are not counted among those that become visible later.
    static func count(
        _ queue: Int64,
        visible: Bool,
        now: Timestamp,
        limit: Int,
        in tx: Transaction
    ) throws -> Int? {
        let counted = try tx.row(
            """
            SELECT count(*), coalesce(sum(count), 0) FROM (
                SELECT CASE WHEN visible_at > ? AND holder IS NOT NULL THEN 0 ELSE count END AS count
                FROM queue_spans WHERE queue = ? AND died_at IS NULL AND visible_at \(visible ? "<=" : ">") ? LIMIT ?
            ) AS spans
            """,
            .integer(now.milliseconds),
            .integer(queue),
            .integer(now.milliseconds),
            SQLValue(limit + 1)
        ) { ($0.int(0), $0.int(1)) }
        guard let (spans, messages) = counted, spans <= limit else { return nil }
        return messages
    }

    /// Messages whose lease has not run out.
    static func leased(_ queue: Int64, now: Timestamp, in tx: Transaction) throws -> Int {
        try tx.row(
            """
            SELECT coalesce(sum(count), 0) FROM queue_spans
            WHERE queue = ? AND holder IS NOT NULL AND visible_at > ?
            """,
            .integer(queue),
            .integer(now.milliseconds)
        ) { $0.int(0) } ?? 0
    }

    /// The queues with spans that push consumers hold.
    static func pushLeasedQueues(in tx: Transaction) throws -> [QueueRecord] {
        try tx.rows("SELECT DISTINCT queue FROM queue_spans WHERE holder = 1") { $0.integer(0) }
            .compactMap { try QueueRecord.find(number: $0, in: tx) }
    }

    /// The spans of a queue that its push consumer holds, in no order.
    static func pushLeased(_ queue: Int64, in tx: Transaction) throws -> [SpanRecord] {
        let sql = "SELECT \(columns) FROM queue_spans WHERE queue = ? AND holder = 1"
        return try tx.rows(sql, .integer(queue), decode: SpanRecord.init)
    }

    /// Ends all leases of push consumers, and returns the ids of the queues they were in.
    ///
    /// - Parameter counted: whether the delivery that was cut off stays among the attempts.
    static func releasePushLeases(now: Timestamp, counted: Bool, in tx: Transaction) throws -> Set<String> {
        let queues = Set(
            try tx.rows(
                """
                UPDATE queue_spans SET visible_at = ?, attempts = attempts - ?, holder = NULL, token = NULL
                WHERE holder = 1 RETURNING queue
                """,
                .integer(now.milliseconds),
                .integer(counted ? 0 : 1)
            ) { $0.integer(0) }
        )
        return Set(
            try queues.compactMap { number in
                try tx.row("SELECT id FROM queues WHERE number = ?", .integer(number)) { $0.text(0) }
            }
        )
    }

    /// Lets dead letters follow a queue that is renamed.
    static func renameOrigin(_ old: String, to new: String, in tx: Transaction) throws {
        let sql = "UPDATE queue_spans SET origin_queue = ? WHERE origin_queue = ?"
        try tx.execute(sql, .text(new), .text(old))
    }

    /// Removes all spans of a queue with their bodies, or those that begin in a range.
    ///
    /// A range must end with the last span of a chunk.
    static func deleteAll(of queue: Int64, in range: ClosedRange<Int64> = 0...Int64.max, _ tx: Transaction) throws {
        let states = ["NULL", "NOT NULL"].map { "queue = ? AND died_at IS \($0) AND first BETWEEN ? AND ?" }
        let values: [SQLValue] = [.integer(queue), .integer(range.lowerBound), .integer(range.upperBound)]
        for spans in states {
            try tx.execute(
                "DELETE FROM queue_chunks WHERE number IN (SELECT first >> 7 FROM queue_spans WHERE \(spans))",
                values
            )
        }
        for spans in states {
            try tx.execute("DELETE FROM queue_spans WHERE \(spans)", values)
        }
    }
}

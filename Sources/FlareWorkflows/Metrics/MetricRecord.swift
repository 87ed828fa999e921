import FlareModel
import FlareStore

/// The saved counts of workflows, and how much of the log they contain.
enum MetricRecord {
    /// The number of the last line that is contained; 0 before the first save.
    static func cursor(in transaction: Transaction) throws -> Int64 {
        try transaction.row("SELECT seq FROM workflow_metrics_cursor", decode: { $0.integer(0) }) ?? 0
    }

    static func setCursor(_ sequence: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO workflow_metrics_cursor (id, seq) VALUES (1, ?)
            ON CONFLICT (id) DO UPDATE SET seq = excluded.seq
            """,
            .integer(sequence)
        )
    }

    /// All saved series by workflow, each in the order in which they were first seen.
    static func list(in transaction: Transaction) throws -> [String: [MetricSeries]] {
        let rows = try transaction.rows(
            """
            SELECT workflow_id, kind, label, outcome, count, retries, sum, min, max, buckets
            FROM workflow_metrics ORDER BY rowid
            """,
            decode: { ($0.text(0), try series($0)) }
        )
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.compactMap(\.1) }
    }

    /// Nil for a kind of a later flare.
    private static func series(_ row: SQLRow) throws -> MetricSeries? {
        guard let kind = MetricKind(rawValue: row.text(1)) else { return nil }
        let key = MetricSeries.Key(kind: kind, label: row.text(2), outcome: row.text(3))
        var durations = DurationCounts()
        let buckets = try FlareJSON.decode([Int].self, from: Array(row.text(9).utf8))
        guard buckets.count == durations.buckets.count else {
            throw FlareError(.corruptStore, "the metrics of step \"\(key.label)\" have \(buckets.count) buckets")
        }
        durations.buckets = buckets
        durations.sum = row.integer(6)
        durations.min = row.integer(7)
        durations.max = row.integer(8)
        return MetricSeries(key: key, count: row.int(4), retries: row.int(5), durations: durations)
    }

    /// Saves a series in the place of what was saved before.
    static func save(_ series: MetricSeries, of workflow: String, in transaction: Transaction) throws {
        let durations = series.durations
        try transaction.execute(
            """
            INSERT INTO workflow_metrics (workflow_id, kind, label, outcome, count, retries, sum, min, max, buckets)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (workflow_id, kind, label, outcome) DO UPDATE SET count = excluded.count,
                retries = excluded.retries, sum = excluded.sum, min = excluded.min, max = excluded.max,
                buckets = excluded.buckets
            """,
            .text(workflow),
            .text(series.key.kind.rawValue),
            .text(series.key.label),
            .text(series.key.outcome),
            .integer(Int64(series.count)),
            .integer(Int64(series.retries)),
            .integer(durations.sum),
            .integer(durations.min),
            .integer(durations.max),
            .text(String(decoding: FlareJSON.encode(durations.buckets), as: UTF8.self))
        )
    }

    /// Whether a workflow has not been deleted.
    static func exists(_ workflow: String, in transaction: Transaction) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM workflows WHERE id = ? AND deleted_at IS NULL",
            .text(workflow),
            decode: { _ in true }
        ) ?? false
    }

    /// The ids and names of all workflows, by name.
    static func workflows(in transaction: Transaction) throws -> [(id: String, name: String)] {
        try transaction.rows(
            "SELECT id, name FROM workflows WHERE deleted_at IS NULL ORDER BY name",
            decode: { ($0.text(0), $0.text(1)) }
        )
    }

    /// How many instances have not ended, by workflow and status.
    static func unfinished(in transaction: Transaction) throws -> [String: [InstanceStatus: Int]] {
        let counts = try transaction.rows(
            """
            SELECT workflow_id, status, count FROM workflow_counts
            WHERE count > 0 AND status NOT IN ('complete', 'errored', 'terminated')
            """,
            decode: { ($0.text(0), InstanceStatus(rawValue: $0.text(1)), $0.int(2)) }
        )
        var result: [String: [InstanceStatus: Int]] = [:]
        for (workflow, status, count) in counts {
            if let status { result[workflow, default: [:]][status] = count }
        }
        return result
    }
}

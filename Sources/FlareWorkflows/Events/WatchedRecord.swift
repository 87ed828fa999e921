import FlareModel
import FlareStore
import FlareWorkers

/// What watchers of an instance read beside its log.
enum WatchedRecord {
    /// What a step's row adds to the lines about it.
    struct Step {
        /// JSON; of `do` steps and rollbacks.
        var config: [UInt8]?
        /// What it returned, as far as people may see it.
        var output: JSONValue

        fileprivate init(_ row: SQLRow) {
            config = row.optionalBlob(0)
            if row.bool(2) {
                output = .string("[REDACTED]")
            } else if let bytes = row.optionalInteger(3) {
                output = .object(["type": .string("stream"), "bytes": .integer(bytes)])
            } else {
                output = TaggedJSON.plain(row.blob(1))
            }
        }
    }

    static func step(
        _ kind: String,
        _ name: String,
        _ occurrence: Int,
        of run: RunKey,
        in transaction: Transaction
    ) throws -> Step? {
        try transaction.row(
            """
            SELECT config, value, is_sensitive, stream_bytes FROM workflow_steps
            WHERE instance = ? AND run = ? AND kind = ? AND name = ? AND n = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(kind),
            .text(name),
            .integer(Int64(occurrence)),
            decode: Step.init
        )
    }

    /// Whether a run has a line of this type before another line.
    static func hasLine(
        _ type: String,
        before sequence: Int64,
        of run: RunKey,
        in transaction: Transaction
    ) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM workflow_log WHERE instance = ? AND seq < ? AND run = ? AND type = ? LIMIT 1",
            .integer(run.instance),
            .integer(sequence),
            .integer(Int64(run.run)),
            .text(type),
            decode: { _ in true }
        ) ?? false
    }

    /// Whether a step of a run has ended: by its name, or its name with an occurrence, `read objects-1` or
    /// `read objects#1`.
    static func hasEnded(step label: String, of run: RunKey, in transaction: Transaction) throws -> Bool {
        try transaction.row(
            """
            SELECT 1 FROM workflow_steps
            WHERE instance = ? AND run = ? AND finish_order IS NOT NULL AND kind <> 'rollback'
                AND (name = ? OR name || '-' || n = ? OR name || '#' || n = ?) LIMIT 1
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(label),
            .text(label),
            .text(label),
            decode: { _ in true }
        ) ?? false
    }
}

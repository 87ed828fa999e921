import FlareModel
import FlareStore

/// The rows of `pipeline_tokens`.
enum PipelineTokenRecord {
    /// False when the name is taken.
    static func insert(
        _ name: String,
        digest: [UInt8],
        pipeline id: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> Bool {
        let changed = try tx.execute(
            """
            INSERT INTO pipeline_tokens (pipeline_id, name, digest, created_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (pipeline_id, name) DO NOTHING
            """,
            .text(id),
            .text(name),
            .blob(digest),
            .integer(now.milliseconds)
        )
        return changed > 0
    }

    static func all(pipeline id: String, in tx: Transaction) throws -> [PipelineToken] {
        try tx.rows("SELECT name, created_at FROM pipeline_tokens WHERE pipeline_id = ? ORDER BY name", .text(id)) {
            PipelineToken(name: $0.text(0), createdAt: $0.time(1))
        }
    }

    static func digests(pipeline id: String, in tx: Transaction) throws -> Set<[UInt8]> {
        Set(try tx.rows("SELECT digest FROM pipeline_tokens WHERE pipeline_id = ?", .text(id)) { $0.blob(0) })
    }

    static func delete(_ name: String, pipeline id: String, in tx: Transaction) throws -> Bool {
        try tx.execute("DELETE FROM pipeline_tokens WHERE pipeline_id = ? AND name = ?", .text(id), .text(name)) > 0
    }
}

package import FlareModel
import FlareStore
import NIOCore

/// A row of `pipelines`.
package struct PipelineRecord: Sendable, Hashable {
    package let id: String
    package let name: String
    /// Counts the changes of settings, from 1.
    package var version: Int
    package var settings: PipelineSettings
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp

    private static let columns = """
        id, name, version, bucket, prefix, json_key, compression, batch_bytes, batch_seconds, batch_rows,
        created_at, modified_at
        """

    init(name: String, settings: PipelineSettings, at now: Timestamp) {
        id = Identifier.hexadecimal()
        self.name = name
        version = 1
        self.settings = settings
        createdAt = now
        modifiedAt = now
    }

    private init(_ row: SQLRow) {
        id = row.text(0)
        name = row.text(1)
        version = row.int(2)
        settings = PipelineSettings(
            storedBucket: row.text(3),
            prefix: row.text(4),
            jsonKey: row.optionalText(5),
            compression: PipelineCompression(rawValue: row.text(6)) ?? .none,
            batchBytes: row.int(7),
            batchSeconds: row.int(8),
            batchRows: row.int(9)
        )
        createdAt = row.time(10)
        modifiedAt = row.time(11)
    }

    /// False when the name is taken.
    func insert(in tx: Transaction) throws -> Bool {
        let changed = try tx.execute(
            """
            INSERT INTO pipelines (\(Self.columns), watermark)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO NOTHING
            """,
            .text(id),
            .text(name),
            .init(version),
            .text(settings.bucket),
            .text(settings.prefix),
            .init(settings.jsonKey),
            .text(settings.compression.rawValue),
            .init(settings.batchBytes),
            .init(settings.batchSeconds),
            .init(settings.batchRows),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds)
        )
        return changed > 0
    }

    func update(in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE pipelines SET version = ?, bucket = ?, prefix = ?, json_key = ?, compression = ?, batch_bytes = ?,
                batch_seconds = ?, batch_rows = ?, modified_at = ?
            WHERE id = ?
            """,
            .init(version),
            .text(settings.bucket),
            .text(settings.prefix),
            .init(settings.jsonKey),
            .text(settings.compression.rawValue),
            .init(settings.batchBytes),
            .init(settings.batchSeconds),
            .init(settings.batchRows),
            .integer(modifiedAt.milliseconds),
            .text(id)
        )
    }

    /// Deletes the pipeline with its checkpoint.
    static func delete(id: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM pipelines WHERE id = ?", .text(id))
    }

    static func all(in tx: Transaction) throws -> [PipelineRecord] {
        try tx.rows("SELECT \(columns) FROM pipelines ORDER BY name", decode: PipelineRecord.init)
    }
}

/// How far a pipeline's records are in objects.
struct Checkpoint: Sendable, Hashable {
    /// All records below it are.
    var watermark: Int64
    /// For keys ahead of the watermark: all records of the key below the offset are, too.
    var flushed: [ByteBuffer: Int64]

    static func load(pipeline id: String, in tx: Transaction) throws -> Checkpoint {
        let watermark = try tx.row("SELECT watermark FROM pipelines WHERE id = ?", .text(id)) { $0.integer(0) }
        guard let watermark else { throw FlareError(.pipelineNotFound, "the pipeline has been deleted") }
        let flushed = try tx.rows("SELECT key, flushed_to FROM pipeline_flushed WHERE pipeline_id = ?", .text(id)) {
            (ByteBuffer(bytes: $0.blob(0)), $0.integer(1))
        }
        return Checkpoint(watermark: watermark, flushed: Dictionary(flushed) { _, last in last })
    }

    /// Notes that a key's records below an offset are in objects.
    static func setFlushed(pipeline id: String, key: ByteBuffer, to offset: Int64, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO pipeline_flushed (pipeline_id, key, flushed_to) VALUES (?, ?, ?)
            ON CONFLICT (pipeline_id, key) DO UPDATE SET flushed_to = excluded.flushed_to
            """,
            .text(id),
            .blob(Array(key.readableBytesView)),
            .integer(offset)
        )
    }

    /// Moves the watermark, and forgets the keys that are no longer ahead of it.
    static func advance(pipeline id: String, to watermark: Int64, in tx: Transaction) throws {
        let changed = try tx.execute("UPDATE pipelines SET watermark = ? WHERE id = ?", .integer(watermark), .text(id))
        guard changed == 1 else { throw FlareError(.pipelineNotFound, "the pipeline has been deleted") }
        try tx.execute(
            "DELETE FROM pipeline_flushed WHERE pipeline_id = ? AND flushed_to <= ?",
            .text(id),
            .integer(watermark)
        )
    }
}

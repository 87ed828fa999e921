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

    private static let columns = "id, name, version, bucket, settings, created_at, modified_at"

    init(name: String, settings: PipelineSettings, at now: Timestamp) {
        id = Identifier.hexadecimal()
        self.name = name
        version = 1
        self.settings = settings
        createdAt = now
        modifiedAt = now
    }

    private init(_ row: SQLRow) throws {
        id = row.text(0)
        name = row.text(1)
        version = row.int(2)
        let body = try FlareJSON.decode(PipelineSettingsBody.self, from: row.blob(4))
        settings = try PipelineSettings(bucket: row.text(3), body)
        createdAt = row.time(5)
        modifiedAt = row.time(6)
    }

    /// False when the name is taken.
    func insert(in tx: Transaction) throws -> Bool {
        let changed = try tx.execute(
            """
            INSERT INTO pipelines (\(Self.columns), watermark)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO NOTHING
            """,
            .text(id),
            .text(name),
            .init(version),
            .text(settings.bucket),
            .text(settingsText),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds)
        )
        return changed > 0
    }

    func update(in tx: Transaction) throws {
        try tx.execute(
            "UPDATE pipelines SET version = ?, bucket = ?, settings = ?, modified_at = ? WHERE id = ?",
            .init(version),
            .text(settings.bucket),
            .text(settingsText),
            .integer(modifiedAt.milliseconds),
            .text(id)
        )
    }

    private var settingsText: String { String(decoding: FlareJSON.encode(settings.body), as: UTF8.self) }

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

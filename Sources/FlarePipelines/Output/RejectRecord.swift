package import FlareModel
import FlareStore
import NIOCore

/// A row of `pipeline_rejects`: a record that was accepted and could not go on, with the reason.
package struct RejectRecord: Sendable, Hashable {
    /// Rises with time; unique in its pipeline.
    package let id: String
    package let record: [UInt8]
    package let reason: String
    /// The label of the transform that could not take it.
    package let label: String?
    package let source: IngestSource
    package let offset: Int64
    package let ingestedAt: Timestamp
    package let rejectedAt: Timestamp

    private static let columns = "id, record, reason, label, source, stream_offset, ingested_at, rejected_at"

    init(record: [UInt8], reason: String, label: String?, origin: Batcher.Origin, at now: Timestamp) {
        // In the order of offsets, within a millisecond too.
        let entropy = UInt64(origin.offset) << 16 | UInt64.random(in: 0...0xFFFF)
        id = Identifier.ulid(at: now, entropy: (UInt16(origin.offset >> 48), entropy))
        self.record = record
        self.reason = reason
        self.label = label
        source = origin.source
        offset = origin.offset
        ingestedAt = origin.time
        rejectedAt = now
    }

    private init(_ row: SQLRow) {
        id = row.text(0)
        record = row.blob(1)
        reason = row.text(2)
        label = row.optionalText(3)
        source = IngestSource(rawValue: UInt8(clamping: row.int(4))) ?? .http
        offset = row.integer(5)
        ingestedAt = row.time(6)
        rejectedAt = row.time(7)
    }

    func insert(pipeline id: String, in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO pipeline_rejects (pipeline_id, \(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(id),
            .text(self.id),
            .blob(record),
            .text(reason),
            .init(label),
            .integer(Int64(source.rawValue)),
            .integer(offset),
            .integer(ingestedAt.milliseconds),
            .integer(rejectedAt.milliseconds)
        )
    }

    /// A page of a pipeline's rejects, oldest first.
    ///
    /// - Parameters:
    ///   - after: the id behind which it begins; empty for the first page.
    ///   - label: those of one label only; nil for all.
    static func page(
        pipeline id: String,
        after: String,
        label: String?,
        limit: Int,
        in tx: Transaction
    ) throws -> [RejectRecord] {
        try tx.rows(
            """
            SELECT \(columns) FROM pipeline_rejects
            WHERE pipeline_id = ? AND id > ? AND (? = 0 OR label = ?) ORDER BY id LIMIT ?
            """,
            .text(id),
            .text(after),
            .init(label == nil ? 0 : 1),
            .init(label),
            .init(limit),
            decode: RejectRecord.init
        )
    }

    static func find(_ rejectID: String, pipeline id: String, in tx: Transaction) throws -> RejectRecord? {
        try tx.row(
            "SELECT \(columns) FROM pipeline_rejects WHERE pipeline_id = ? AND id = ?",
            .text(id),
            .text(rejectID),
            decode: RejectRecord.init
        )
    }

    static func count(pipeline id: String, in tx: Transaction) throws -> Int {
        try tx.row("SELECT COUNT(*) FROM pipeline_rejects WHERE pipeline_id = ?", .text(id)) { $0.int(0) } ?? 0
    }

    static func delete(_ rejectID: String, pipeline id: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM pipeline_rejects WHERE pipeline_id = ? AND id = ?", .text(id), .text(rejectID))
    }

    /// Deletes all of a pipeline and returns how many there were.
    static func deleteAll(pipeline id: String, in tx: Transaction) throws -> Int {
        try tx.execute("DELETE FROM pipeline_rejects WHERE pipeline_id = ?", .text(id))
    }
}

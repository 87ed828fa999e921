package import FlareModel
import FlareStore

/// A row of `upload_parts`: bytes that wait for their upload's completion, in a file.
package struct UploadPartRecord: Sendable, Hashable {
    /// 1 to `Limits.uploadPartsMax`.
    package var number: Int
    /// In bytes.
    package var size: Int
    /// MD5 in hexadecimal, without quotes.
    package var etag: String
    package var uploadedAt: Timestamp
    package var checksum: ObjectChecksum?
    var file: String

    private static let columns = "number, size, etag, uploaded_at, checksum_algorithm, checksum, file"

    init(_ staged: StagedObject, number: Int, file: String, uploadedAt: Timestamp) {
        self.number = number
        size = staged.size
        etag = staged.etag
        self.uploadedAt = uploadedAt
        checksum = staged.checksum
        self.file = file
    }

    private init(_ row: SQLRow) {
        number = row.int(0)
        size = row.int(1)
        etag = row.text(2)
        uploadedAt = row.time(3)
        if let algorithm = row.optionalText(4).flatMap(ChecksumAlgorithm.init(rawValue:)) {
            checksum = ObjectChecksum(algorithm, value: row.blob(5))
        }
        file = row.text(6)
    }

    /// Writes the row in place of the one with its number.
    func upsert(upload: String, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO upload_parts (upload, \(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (upload, number) DO UPDATE SET size = excluded.size, etag = excluded.etag,
                uploaded_at = excluded.uploaded_at, checksum_algorithm = excluded.checksum_algorithm,
                checksum = excluded.checksum, file = excluded.file
            """,
            .text(upload),
            .integer(Int64(number)),
            .integer(Int64(size)),
            .text(etag),
            .integer(uploadedAt.milliseconds),
            .init(checksum?.algorithm.rawValue),
            checksum.map { .blob($0.value) } ?? .null,
            .text(file)
        )
    }

    static func find(_ number: Int, of upload: String, in tx: Transaction) throws -> UploadPartRecord? {
        try tx.row(
            "SELECT \(columns) FROM upload_parts WHERE upload = ? AND number = ?",
            .text(upload),
            .integer(Int64(number)),
            decode: UploadPartRecord.init
        )
    }

    /// The parts of an upload with higher numbers than `number`, in their order.
    static func parts(
        of upload: String,
        after number: Int = 0,
        limit: Int = Limits.uploadPartsMax,
        in tx: Transaction
    ) throws -> [UploadPartRecord] {
        try tx.rows(
            "SELECT \(columns) FROM upload_parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
            .text(upload),
            .integer(Int64(number)),
            .integer(Int64(limit)),
            decode: UploadPartRecord.init
        )
    }

    /// Deletes all parts of an upload.
    ///
    /// Returns their files.
    static func delete(upload: String, in tx: Transaction) throws -> [String] {
        let files = try tx.rows("SELECT file FROM upload_parts WHERE upload = ?", .text(upload)) { $0.text(0) }
        try tx.execute("DELETE FROM upload_parts WHERE upload = ?", .text(upload))
        return files
    }

    /// Whether a part's bytes are in this file.
    static func isReferenced(file: String, in tx: Transaction) throws -> Bool {
        try tx.row("SELECT 1 FROM upload_parts WHERE file = ?", .text(file)) { _ in true } ?? false
    }
}

package import FlareModel
import FlareStore

/// A row of `uploads`: an object that is being uploaded in parts.
package struct UploadRecord: Sendable, Hashable {
    /// A ULID: the ids of a key's uploads sort by time.
    package var id: String
    package var bucket: String
    package var key: String
    package var createdAt: Timestamp
    package var metadata: ObjectMetadata
    /// The checksum that the object is to have.
    package var checksumAlgorithm: ChecksumAlgorithm?
    package var checksumType: ChecksumType?
    /// What completing it has answered; nil as long as it is open.
    var answer: UploadAnswer?

    private static let columns = """
        id, bucket, key, created_at, storage_class, http_metadata, custom_metadata, checksum_algorithm, checksum_type,
        answer
        """

    init(
        id: String,
        bucket: String,
        key: String,
        createdAt: Timestamp,
        metadata: ObjectMetadata,
        checksum: (ChecksumAlgorithm, ChecksumType)?
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        self.createdAt = createdAt
        self.metadata = metadata
        checksumAlgorithm = checksum?.0
        checksumType = checksum?.1
    }

    private init(_ row: SQLRow) throws {
        id = row.text(0)
        bucket = row.text(1)
        key = row.text(2)
        createdAt = row.time(3)
        metadata = try ObjectMetadata(storageClass: row.text(4), http: row.text(5), custom: row.text(6))
        checksumAlgorithm = row.optionalText(7).flatMap(ChecksumAlgorithm.init(rawValue:))
        checksumType = row.optionalText(8).flatMap(ChecksumType.init(rawValue:))
        answer = try row.optionalText(9).map { try FlareJSON.decode(UploadAnswer.self, from: $0.utf8) }
    }

    func insert(in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO uploads (id, bucket, key, created_at, storage_class, http_metadata, custom_metadata,
                checksum_algorithm, checksum_type)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .text(id),
            .text(bucket),
            .text(key),
            .integer(createdAt.milliseconds),
            .text(metadata.storageClass.rawValue),
            .text(metadata.httpText),
            .text(metadata.customText),
            .init(checksumAlgorithm?.rawValue),
            .init(checksumType?.rawValue)
        )
    }

    /// Keeps what completing the upload has answered.
    func complete(_ answer: UploadAnswer, at now: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE uploads SET completed_at = ?, answer = ? WHERE id = ?",
            .integer(now.milliseconds),
            .text(String(decoding: FlareJSON.encode(answer), as: UTF8.self)),
            .text(id)
        )
    }

    /// Deletes the row; its parts must have been deleted.
    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM uploads WHERE id = ?", .text(id))
    }

    /// Forgets some uploads that were completed before `time`.
    static func forgetCompleted(before time: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            """
            DELETE FROM uploads
            WHERE id IN (SELECT id FROM uploads WHERE completed_at < ? ORDER BY completed_at LIMIT 100)
            """,
            .integer(time.milliseconds)
        )
    }

    /// The upload, completed ones too.
    static func find(_ id: String, in tx: Transaction) throws -> UploadRecord? {
        try tx.row("SELECT \(columns) FROM uploads WHERE id = ?", .text(id), decode: UploadRecord.init)
    }

    /// The next open uploads of a bucket by key and id, from `key` on, or after the upload `id` of it.
    static func page(
        from position: UploadPosition,
        in bucket: String,
        limit: Int,
        _ tx: Transaction
    ) throws -> [UploadRecord] {
        try tx.rows(
            """
            SELECT \(columns) FROM uploads
            WHERE bucket = ? AND completed_at IS NULL AND (key, id) > (?, ?) ORDER BY key, id LIMIT ?
            """,
            .text(bucket),
            .text(position.key),
            .text(position.id),
            .integer(Int64(limit)),
            decode: UploadRecord.init
        )
    }

    /// Deletes all uploads of a bucket with their parts.
    ///
    /// Returns the parts' files.
    static func deleteAll(of bucket: String, in tx: Transaction) throws -> [String] {
        let ids = try tx.rows("SELECT id FROM uploads WHERE bucket = ?", .text(bucket)) { $0.text(0) }
        let files = try ids.flatMap { try UploadPartRecord.delete(upload: $0, in: tx) }
        if !ids.isEmpty { try tx.execute("DELETE FROM uploads WHERE bucket = ?", .text(bucket)) }
        return files
    }
}

/// What was answered when an upload was completed, to be answered again.
struct UploadAnswer: Codable, Sendable, Hashable {
    /// The list of parts that was completed with, as `UploadCompletion.signature`.
    var signature: String
    var version: String
    var etag: String
    var size: Int
    var partCount: Int
    var uploadedAt: Timestamp
    /// In hexadecimal.
    var checksum: String?
}

/// Where a listing of uploads goes on: after this upload.
///
/// An empty id stands before all uploads of its key.
struct UploadPosition: Sendable, Hashable {
    var key: String
    var id: String
}

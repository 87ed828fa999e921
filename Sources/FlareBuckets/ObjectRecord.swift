package import FlareModel
import FlareStore

/// A row of `objects` without its bytes: one version of an object, the one that is visible.
package struct ObjectRecord: Sendable, Hashable {
    package var bucket: String
    package var key: String
    /// 32 hexadecimal digits, new with every write.
    package var version: String
    /// In bytes.
    package var size: Int
    /// MD5 of the bytes in hexadecimal, without quotes; of an object made of parts, the MD5 of their MD5s, `-` and how
    /// many they are.
    package var etag: String
    package var uploadedAt: Timestamp
    package var metadata: ObjectMetadata
    package var checksum: ObjectChecksum?
    /// How many parts the object is made of; nil when it was written at once.
    package var partCount: Int?
    /// The id of the file that holds the bytes; nil when the row does, or the files of the parts.
    ///
    /// Copies of an object share it.
    package var file: String?

    /// The etag as HTTP writes it, in quotes.
    package var httpEtag: String { "\"\(etag)\"" }

    private static let columns = """
        bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata, custom_metadata, part_count, file,
        checksum_algorithm, checksum_type, checksum
        """

    init(_ staged: StagedObject, bucket: String, key: String, metadata: ObjectMetadata, uploadedAt: Timestamp) {
        self.bucket = bucket
        self.key = key
        version = staged.version
        size = staged.size
        etag = staged.etag
        self.uploadedAt = uploadedAt
        self.metadata = metadata
        checksum = staged.checksum
        file = staged.file
    }

    /// An object made of parts, whose rows the caller writes.
    init(
        joined: UploadCompletion.Joined,
        version: String,
        bucket: String,
        key: String,
        metadata: ObjectMetadata,
        uploadedAt: Timestamp
    ) {
        self.bucket = bucket
        self.key = key
        self.version = version
        size = joined.size
        etag = joined.etag
        self.uploadedAt = uploadedAt
        self.metadata = metadata
        checksum = joined.checksum
        partCount = joined.parts.count
    }

    /// The object that completing an upload has once made.
    init(_ answer: UploadAnswer, of upload: UploadRecord) {
        bucket = upload.bucket
        key = upload.key
        version = answer.version
        size = answer.size
        etag = answer.etag
        uploadedAt = answer.uploadedAt
        metadata = upload.metadata
        partCount = answer.partCount
        if let algorithm = upload.checksumAlgorithm, let type = upload.checksumType, let text = answer.checksum {
            checksum = ObjectChecksum(
                algorithm,
                type: type,
                value: hexadecimalBytes(text),
                parts: type == .composite ? answer.partCount : nil
            )
        }
    }

    private init(_ row: SQLRow) throws {
        bucket = row.text(0)
        key = row.text(1)
        version = row.text(2)
        size = row.int(3)
        etag = row.text(4)
        uploadedAt = row.time(5)
        metadata = try ObjectMetadata(storageClass: row.text(6), http: row.text(7), custom: row.text(8))
        partCount = row.optionalInt(9)
        file = row.optionalText(10)
        if let algorithm = row.optionalText(11).flatMap(ChecksumAlgorithm.init(rawValue:)) {
            let type = ChecksumType(rawValue: row.text(12)) ?? .fullObject
            checksum = ObjectChecksum(
                algorithm,
                type: type,
                value: row.blob(13),
                parts: type == .composite ? partCount : nil
            )
        }
    }

    /// Writes the row in place of the one with its key.
    ///
    /// `inline` holds the bytes when no file does. An older row's parts must have been deleted.
    func upsert(inline: [UInt8]?, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO objects (bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata,
                custom_metadata, checksum_algorithm, checksum_type, checksum, part_count, file, inline)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, size = excluded.size,
                etag = excluded.etag, uploaded_at = excluded.uploaded_at, storage_class = excluded.storage_class,
                http_metadata = excluded.http_metadata, custom_metadata = excluded.custom_metadata,
                checksum_algorithm = excluded.checksum_algorithm, checksum_type = excluded.checksum_type,
                checksum = excluded.checksum, part_count = excluded.part_count, file = excluded.file,
                inline = excluded.inline
            """,
            .text(bucket),
            .text(key),
            .text(version),
            .integer(Int64(size)),
            .text(etag),
            .integer(uploadedAt.milliseconds),
            .text(metadata.storageClass.rawValue),
            .text(metadata.httpText),
            .text(metadata.customText),
            .init(checksum?.algorithm.rawValue),
            .init(checksum?.type.rawValue),
            checksum.map { .blob($0.value) } ?? .null,
            .init(partCount),
            .init(file),
            inline.map { .blob($0) } ?? .null
        )
    }

    /// Deletes the row, without its parts.
    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", .text(bucket), .text(key))
    }

    static func find(_ key: String, in bucket: String, _ tx: Transaction) throws -> ObjectRecord? {
        try tx.row(
            "SELECT \(columns) FROM objects WHERE bucket = ? AND key = ?",
            .text(bucket),
            .text(key),
            decode: ObjectRecord.init
        )
    }

    /// The bytes of an object whose row holds them.
    static func inlineBytes(_ key: String, in bucket: String, _ tx: Transaction) throws -> [UInt8] {
        try tx.row(
            "SELECT inline FROM objects WHERE bucket = ? AND key = ?",
            .text(bucket),
            .text(key)
        ) { $0.blob(0) } ?? []
    }

    /// The next objects of a bucket in the order of their keys' bytes.
    static func page(
        from start: ListStart,
        in bucket: String,
        limit: Int,
        _ tx: Transaction
    ) throws -> [ObjectRecord] {
        switch start {
        case .at(let key):
            try tx.rows(
                "SELECT \(columns) FROM objects WHERE bucket = ? AND key >= ? ORDER BY key LIMIT ?",
                .text(bucket),
                .text(key),
                .integer(Int64(limit)),
                decode: ObjectRecord.init
            )
        case .after(let key):
            try tx.rows(
                "SELECT \(columns) FROM objects WHERE bucket = ? AND key > ? ORDER BY key LIMIT ?",
                .text(bucket),
                .text(key),
                .integer(Int64(limit)),
                decode: ObjectRecord.init
            )
        }
    }

    /// Whether a row's bytes are in this file.
    static func isReferenced(file: String, in tx: Transaction) throws -> Bool {
        try tx.row("SELECT 1 FROM objects WHERE file = ? LIMIT 1", .text(file)) { _ in true } ?? false
    }
}

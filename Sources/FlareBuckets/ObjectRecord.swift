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
    /// MD5 of the bytes in hexadecimal, without quotes.
    package var etag: String
    package var uploadedAt: Timestamp
    package var metadata: ObjectMetadata
    /// The id of the file that holds the bytes; nil when the row does.
    package var file: String?

    /// The etag as HTTP writes it, in quotes.
    package var httpEtag: String { "\"\(etag)\"" }

    private static let columns = """
        bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata, custom_metadata, file
        """

    init(_ staged: StagedObject, bucket: String, key: String, metadata: ObjectMetadata, uploadedAt: Timestamp) {
        self.bucket = bucket
        self.key = key
        version = staged.version
        size = staged.size
        etag = staged.etag
        self.uploadedAt = uploadedAt
        self.metadata = metadata
        file = staged.file
    }

    private init(_ row: SQLRow) throws {
        bucket = row.text(0)
        key = row.text(1)
        version = row.text(2)
        size = row.int(3)
        etag = row.text(4)
        uploadedAt = row.time(5)
        metadata = ObjectMetadata(
            http: try Self.decode(HTTPMetadata.self, row.text(7)) ?? HTTPMetadata(),
            custom: try Self.decode([String: String].self, row.text(8)) ?? [:],
            storageClass: StorageClass(rawValue: row.text(6)) ?? .standard
        )
        file = row.optionalText(9)
    }

    /// Writes the row in place of the one with its key.
    ///
    /// `inline` holds the bytes when no file does.
    func upsert(inline: [UInt8]?, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO objects (bucket, key, version, size, etag, uploaded_at, storage_class, http_metadata,
                custom_metadata, file, inline)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, size = excluded.size,
                etag = excluded.etag, uploaded_at = excluded.uploaded_at, storage_class = excluded.storage_class,
                http_metadata = excluded.http_metadata, custom_metadata = excluded.custom_metadata,
                file = excluded.file, inline = excluded.inline
            """,
            .text(bucket),
            .text(key),
            .text(version),
            .integer(Int64(size)),
            .text(etag),
            .integer(uploadedAt.milliseconds),
            .text(metadata.storageClass.rawValue),
            .text(Self.encode(metadata.http, isEmpty: metadata.http == HTTPMetadata())),
            .text(Self.encode(metadata.custom, isEmpty: metadata.custom.isEmpty)),
            .init(file),
            inline.map { .blob($0) } ?? .null
        )
    }

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
        try tx.row("SELECT 1 FROM objects WHERE file = ?", .text(file)) { _ in true } ?? false
    }

    /// Most objects have no metadata of their own: those rows are written and read without a JSON coder.
    private static func encode(_ value: some Encodable, isEmpty: Bool) -> String {
        isEmpty ? "" : String(decoding: FlareJSON.encode(value), as: UTF8.self)
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value? {
        text.isEmpty ? nil : try FlareJSON.decode(type, from: text.utf8)
    }
}

/// What the writer of an object says about it.
package struct ObjectMetadata: Sendable, Hashable {
    package var http: HTTPMetadata
    /// Names and values of the user's own.
    package var custom: [String: String]
    package var storageClass: StorageClass

    package init(
        http: HTTPMetadata = HTTPMetadata(),
        custom: [String: String] = [:],
        storageClass: StorageClass = .standard
    ) {
        self.http = http
        self.custom = custom
        self.storageClass = storageClass
    }

    /// Checks the size at the edge; throws `invalidArgument` with the rule.
    package func validate() throws {
        let texts = http.headers.map(\.1) + custom.flatMap { [$0.key, $0.value] }
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        guard bytes <= Limits.objectMetadataBytesMax else {
            throw FlareError(
                .invalidArgument,
                "the metadata of the object has \(bytes) bytes; at most \(Limits.objectMetadataBytesMax) are kept"
            )
        }
    }
}

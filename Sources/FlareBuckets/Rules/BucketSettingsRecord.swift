import FlareModel
import FlareStore

/// The rows of `bucket_settings`: one JSON document for each kind of rules that a bucket has.
enum BucketSettingsRecord {
    /// What a document holds.
    enum Kind: String {
        case cors, lifecycle, lock, managed
    }

    /// The document of a bucket; nil when it has none.
    static func find<Value: Decodable>(
        _ kind: Kind,
        of bucket: String,
        as type: Value.Type,
        in tx: Transaction
    ) throws -> Value? {
        let text = try tx.row(
            "SELECT document FROM bucket_settings WHERE bucket = ? AND kind = ?",
            .text(bucket),
            .text(kind.rawValue)
        ) { $0.text(0) }
        return try text.map { try FlareJSON.decode(type, from: $0.utf8) }
    }

    static func save(_ kind: Kind, of bucket: String, _ value: some Encodable, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO bucket_settings (bucket, kind, document) VALUES (?, ?, ?)
            ON CONFLICT (bucket, kind) DO UPDATE SET document = excluded.document
            """,
            .text(bucket),
            .text(kind.rawValue),
            .text(String(decoding: FlareJSON.encode(value), as: UTF8.self))
        )
    }

    static func delete(_ kind: Kind, of bucket: String, in tx: Transaction) throws {
        try tx.execute(
            "DELETE FROM bucket_settings WHERE bucket = ? AND kind = ?",
            .text(bucket),
            .text(kind.rawValue)
        )
    }

    /// The next buckets that have a document of a kind, by name.
    static func buckets(with kind: Kind, after name: String, limit: Int, in tx: Transaction) throws -> [String] {
        try tx.rows(
            "SELECT bucket FROM bucket_settings WHERE kind = ? AND bucket > ? ORDER BY bucket LIMIT ?",
            .text(kind.rawValue),
            .text(name),
            .integer(Int64(limit))
        ) { $0.text(0) }
    }
}

package import FlareModel
import FlareStore

/// A row of `buckets`.
///
/// The counters change with the objects, in their transactions.
package struct BucketRecord: Sendable, Hashable {
    package var name: String
    package var storageClass: StorageClass
    package var createdAt: Timestamp
    package var objectCount: Int
    package var size: Int

    private static let columns = "name, storage_class, created_at, object_count, size"

    init(name: String, storageClass: StorageClass, createdAt: Timestamp) {
        self.name = name
        self.storageClass = storageClass
        self.createdAt = createdAt
        objectCount = 0
        size = 0
    }

    private init(_ row: SQLRow) {
        name = row.text(0)
        storageClass = StorageClass(rawValue: row.text(1)) ?? .standard
        createdAt = row.time(2)
        objectCount = row.int(3)
        size = row.int(4)
    }

    /// Whether the row was inserted; false when the name is taken.
    func insert(in tx: Transaction) throws -> Bool {
        try tx.execute(
            """
            INSERT INTO buckets (name, storage_class, created_at) VALUES (?, ?, ?)
            ON CONFLICT (name) DO NOTHING
            """,
            .text(name),
            .text(storageClass.rawValue),
            .integer(createdAt.milliseconds)
        ) == 1
    }

    static func delete(_ name: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM buckets WHERE name = ?", .text(name))
    }

    static func find(_ name: String, in tx: Transaction) throws -> BucketRecord? {
        try tx.row("SELECT \(columns) FROM buckets WHERE name = ?", .text(name), decode: BucketRecord.init)
    }

    /// The bucket, or `bucketNotFound` with the nearest name.
    static func require(_ name: String, in tx: Transaction) throws -> BucketRecord {
        if let record = try find(name, in: tx) { return record }
        throw FlareError.notFound(
            .bucketNotFound,
            kind: "bucket",
            name: name,
            candidates: try tx.rows("SELECT name FROM buckets ORDER BY name LIMIT 1000") { $0.text(0) },
            listing: "flare buckets list"
        )
    }

    /// A page of buckets by name, after `name` (before it when descending), nil for the first page.
    static func page(
        after name: String?,
        containing text: String,
        descending: Bool,
        limit: Int,
        in tx: Transaction
    ) throws -> [BucketRecord] {
        let pattern = "%\(text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_"))%"
        let order = descending ? "DESC" : "ASC"
        guard let name else {
            return try tx.rows(
                "SELECT \(columns) FROM buckets WHERE name LIKE ? ESCAPE '\\' ORDER BY name \(order) LIMIT ?",
                .text(pattern),
                .integer(Int64(limit)),
                decode: BucketRecord.init
            )
        }
        return try tx.rows(
            """
            SELECT \(columns) FROM buckets WHERE name LIKE ? ESCAPE '\\' AND name \(descending ? "<" : ">") ?
            ORDER BY name \(order) LIMIT ?
            """,
            .text(pattern),
            .text(name),
            .integer(Int64(limit)),
            decode: BucketRecord.init
        )
    }
}

import FlareModel
import FlareStore

extension ObjectRecord {
    /// What the object adds to the usage of its bucket.
    fileprivate var usage: BucketUsage {
        let custom = metadata.custom.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        return BucketUsage(objects: 1, payloadSize: size, metadataSize: key.utf8.count + custom)
    }

    private func usage(in storageClass: StorageClass) -> BucketUsage {
        metadata.storageClass == storageClass ? usage : BucketUsage()
    }

    /// What putting one object in the place of another does to the usage of a storage class.
    fileprivate static func change(
        from older: ObjectRecord?,
        to newer: ObjectRecord?,
        in storageClass: StorageClass
    ) -> BucketUsage {
        (newer?.usage(in: storageClass) ?? BucketUsage()) - (older?.usage(in: storageClass) ?? BucketUsage())
    }
}

extension BucketRecord {
    /// Counts that an object takes the place of another in a bucket; nil for none.
    static func count(
        _ name: String,
        from older: ObjectRecord?,
        to newer: ObjectRecord?,
        in tx: Transaction
    ) throws {
        let cold = ObjectRecord.change(from: older, to: newer, in: .infrequentAccess)
        let all = ObjectRecord.change(from: older, to: newer, in: .standard) + cold
        try tx.execute(
            """
            UPDATE buckets SET object_count = object_count + ?, size = size + ?, metadata_size = metadata_size + ?,
                cold_object_count = cold_object_count + ?, cold_size = cold_size + ?,
                cold_metadata_size = cold_metadata_size + ?
            WHERE name = ?
            """,
            .integer(Int64(all.objects)),
            .integer(Int64(all.payloadSize)),
            .integer(Int64(all.metadataSize)),
            .integer(Int64(cold.objects)),
            .integer(Int64(cold.payloadSize)),
            .integer(Int64(cold.metadataSize)),
            .text(name)
        )
    }

    /// The usage of all buckets together, of all objects and of those that are rarely read.
    static func usage(in tx: Transaction) throws -> (all: BucketUsage, cold: BucketUsage) {
        try tx.row(
            """
            SELECT COALESCE(SUM(object_count), 0), COALESCE(SUM(size), 0), COALESCE(SUM(metadata_size), 0),
                COALESCE(SUM(cold_object_count), 0), COALESCE(SUM(cold_size), 0),
                COALESCE(SUM(cold_metadata_size), 0)
            FROM buckets
            """,
            decode: { row in (BucketUsage(row, from: 0), BucketUsage(row, from: 3)) }
        ) ?? (BucketUsage(), BucketUsage())
    }

    /// What the unfinished uploads of a storage class hold.
    static func uploaded(of storageClass: StorageClass, in tx: Transaction) throws -> BucketUsage {
        try tx.row(
            """
            SELECT COUNT(*), COALESCE(SUM((SELECT SUM(size) FROM upload_parts WHERE upload = uploads.id)), 0),
                COALESCE(SUM(length(CAST(key AS BLOB))), 0)
            FROM uploads WHERE completed_at IS NULL AND storage_class = ?
            """,
            .text(storageClass.rawValue),
            decode: { BucketUsage($0, from: 0) }
        ) ?? BucketUsage()
    }

    /// The usage of each bucket by name, or of the one with a name.
    static func usages(of name: String?, limit: Int, in tx: Transaction) throws -> [(name: String, usage: BucketUsage)]
    {
        let columns = "object_count, size, metadata_size, name"
        guard let name else {
            return try tx.rows(
                "SELECT \(columns) FROM buckets ORDER BY name LIMIT ?",
                .integer(Int64(limit)),
                decode: { ($0.text(3), BucketUsage($0, from: 0)) }
            )
        }
        return try tx.rows(
            "SELECT \(columns) FROM buckets WHERE name = ?",
            .text(name),
            decode: { ($0.text(3), BucketUsage($0, from: 0)) }
        )
    }

    static func setStorageClass(_ storageClass: StorageClass, of name: String, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE buckets SET storage_class = ? WHERE name = ?",
            .text(storageClass.rawValue),
            .text(name)
        )
    }
}

extension BucketUsage {
    fileprivate init(_ row: SQLRow, from column: Int32) {
        self.init(objects: row.int(column), payloadSize: row.int(column + 1), metadataSize: row.int(column + 2))
    }
}

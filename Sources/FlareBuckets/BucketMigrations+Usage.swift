import FlareStore

extension BucketService {
    /// Counters of metadata and of the rarely read objects, which metrics tell apart.
    static let usageMigrations = [
        Migration(
            "buckets-5-usage",
            """
            ALTER TABLE buckets ADD COLUMN metadata_size BIGINT NOT NULL DEFAULT 0;
            ALTER TABLE buckets ADD COLUMN cold_object_count BIGINT NOT NULL DEFAULT 0;
            ALTER TABLE buckets ADD COLUMN cold_size BIGINT NOT NULL DEFAULT 0;
            ALTER TABLE buckets ADD COLUMN cold_metadata_size BIGINT NOT NULL DEFAULT 0;

            CREATE TEMPORARY TABLE usage_of_objects AS
            SELECT bucket, storage_class, COUNT(*) AS objects, SUM(size) AS payload, SUM(
                length(CAST(key AS BLOB)) + COALESCE((
                    SELECT SUM(length(CAST(entry.key AS BLOB)) + length(CAST(entry.value AS BLOB)))
                    FROM json_each(CASE custom_metadata WHEN '' THEN '{}' ELSE custom_metadata END) AS entry
                ), 0)
            ) AS metadata
            FROM objects GROUP BY bucket, storage_class;

            UPDATE buckets SET
                metadata_size = COALESCE((SELECT SUM(metadata) FROM usage_of_objects WHERE bucket = name), 0),
                cold_object_count = COALESCE((
                    SELECT objects FROM usage_of_objects WHERE bucket = name AND storage_class = 'InfrequentAccess'
                ), 0),
                cold_size = COALESCE((
                    SELECT payload FROM usage_of_objects WHERE bucket = name AND storage_class = 'InfrequentAccess'
                ), 0),
                cold_metadata_size = COALESCE((
                    SELECT metadata FROM usage_of_objects WHERE bucket = name AND storage_class = 'InfrequentAccess'
                ), 0);
            DROP TABLE usage_of_objects;
            """
        )
    ]
}

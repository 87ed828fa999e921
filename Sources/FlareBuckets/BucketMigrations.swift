package import FlareStore

extension BucketService {
    /// The schema of buckets and all that is in them.
    ///
    /// Needs the table `queues` of the room of queues.
    package static let migrations = firstMigrations + uploadMigrations + ruleMigrations

    private static let firstMigrations: [Migration] = [
        Migration(
            "buckets-1",
            """
            CREATE TABLE buckets (
                name TEXT NOT NULL PRIMARY KEY,
                storage_class TEXT NOT NULL CHECK (storage_class IN ('Standard', 'InfrequentAccess')),
                created_at BIGINT NOT NULL,
                object_count BIGINT NOT NULL DEFAULT 0 CHECK (object_count >= 0),
                size BIGINT NOT NULL DEFAULT 0 CHECK (size >= 0)
            );

            -- The bytes of an object are in `inline` or in the file named `file`. `inline` is last, so that reading the
            -- other columns does not touch its pages.
            CREATE TABLE objects (
                bucket TEXT NOT NULL REFERENCES buckets (name),
                key TEXT NOT NULL CHECK (key <> ''),
                version TEXT NOT NULL UNIQUE,
                size BIGINT NOT NULL CHECK (size >= 0),
                etag TEXT NOT NULL,
                uploaded_at BIGINT NOT NULL,
                storage_class TEXT NOT NULL CHECK (storage_class IN ('Standard', 'InfrequentAccess')),
                http_metadata TEXT NOT NULL,
                custom_metadata TEXT NOT NULL,
                file TEXT UNIQUE,
                inline BLOB,
                PRIMARY KEY (bucket, key),
                CHECK ((file IS NULL) <> (inline IS NULL))
            );

            CREATE TABLE notification_rules (
                id TEXT NOT NULL PRIMARY KEY,
                bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
                queue_id TEXT NOT NULL REFERENCES queues (id),
                prefix TEXT NOT NULL,
                suffix TEXT NOT NULL,
                actions TEXT NOT NULL CHECK (actions <> ''),
                description TEXT NOT NULL,
                created_at BIGINT NOT NULL
            );
            CREATE INDEX notification_rules_bucket ON notification_rules (bucket);
            CREATE INDEX notification_rules_queue ON notification_rules (queue_id);
            """
        )
    ]
}

import FlareStore

extension BucketService {
    /// The schema of rules, domains and events of buckets.
    static let ruleMigrations: [Migration] = [
        Migration(
            "buckets-3-rules",
            """
            -- The CORS, lifecycle and lock rules of a bucket, and whether it is public: each is one JSON document that
            -- is replaced as a whole, as the API does.
            CREATE TABLE bucket_settings (
                bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
                kind TEXT NOT NULL CHECK (kind IN ('cors', 'lifecycle', 'lock', 'managed')),
                document TEXT NOT NULL,
                PRIMARY KEY (bucket, kind)
            );
            CREATE INDEX bucket_settings_kind ON bucket_settings (kind, bucket);

            CREATE TABLE bucket_domains (
                domain TEXT NOT NULL PRIMARY KEY,
                bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
                enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
                minimum_tls TEXT NOT NULL CHECK (minimum_tls IN ('1.0', '1.1', '1.2', '1.3')),
                ciphers TEXT,
                zone_id TEXT NOT NULL
            );
            CREATE INDEX bucket_domains_bucket ON bucket_domains (bucket);

            -- How far the log of a bucket's events goes. Outlives its bucket: a bucket made anew under the name goes on
            -- counting, so that an old cursor is never taken for one of the new log.
            CREATE TABLE bucket_event_logs (
                bucket TEXT NOT NULL PRIMARY KEY,
                last BIGINT NOT NULL,
                -- Events up to this one are not kept any more.
                pruned BIGINT NOT NULL DEFAULT 0 CHECK (pruned <= last)
            );
            CREATE TABLE bucket_events (
                bucket TEXT NOT NULL,
                sequence BIGINT NOT NULL,
                action TEXT NOT NULL,
                key TEXT NOT NULL,
                size BIGINT,
                etag TEXT,
                event_time BIGINT NOT NULL,
                source_bucket TEXT,
                source_key TEXT,
                PRIMARY KEY (bucket, sequence)
            ) WITHOUT ROWID;

            -- What lifecycle rules walk along: the oldest objects first, and their keys without the rows.
            CREATE INDEX objects_by_age ON objects (bucket, uploaded_at, key);

            -- The Worker whose configuration a rule stands in; NULL for one that was made by command.
            ALTER TABLE notification_rules ADD COLUMN worker TEXT;
            CREATE INDEX notification_rules_worker ON notification_rules (worker) WHERE worker IS NOT NULL;
            """
        )
    ]
}

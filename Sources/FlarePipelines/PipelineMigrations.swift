package import FlareStore

extension PipelineService {
    /// The schema of pipelines and their checkpoints.
    ///
    /// Needs the table `buckets` of the room of buckets.
    package static let migrations: [Migration] = [
        Migration(
            "pipelines-1",
            """
            CREATE TABLE pipelines (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                version BIGINT NOT NULL CHECK (version >= 1),
                bucket TEXT NOT NULL REFERENCES buckets (name),
                prefix TEXT NOT NULL,
                json_key TEXT CHECK (json_key <> ''),
                compression TEXT NOT NULL CHECK (compression IN ('none', 'gzip', 'zstd')),
                batch_bytes BIGINT NOT NULL CHECK (batch_bytes > 0),
                batch_seconds BIGINT NOT NULL CHECK (batch_seconds > 0),
                batch_rows BIGINT NOT NULL CHECK (batch_rows > 0),
                created_at BIGINT NOT NULL,
                modified_at BIGINT NOT NULL,
                watermark BIGINT NOT NULL CHECK (watermark >= 0)
            );
            CREATE INDEX pipelines_bucket ON pipelines (bucket);

            -- Keys that are ahead of the watermark: all their records below `flushed_to` are in objects.
            CREATE TABLE pipeline_flushed (
                pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
                key BLOB NOT NULL,
                flushed_to BIGINT NOT NULL,
                PRIMARY KEY (pipeline_id, key)
            );
            """
        )
    ]
}

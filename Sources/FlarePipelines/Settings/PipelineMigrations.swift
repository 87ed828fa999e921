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
        ),
        Migration(
            "pipelines-2",
            """
            -- Settings as the API spells them. What SQL must know of them stays in columns.
            CREATE TABLE pipelines_anew (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                version BIGINT NOT NULL CHECK (version >= 1),
                bucket TEXT NOT NULL REFERENCES buckets (name),
                settings TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                modified_at BIGINT NOT NULL,
                watermark BIGINT NOT NULL CHECK (watermark >= 0)
            );
            INSERT INTO pipelines_anew
            SELECT id, name, version, bucket,
                json_object(
                    'prefix', prefix, 'batch_on_json_key', json_key, 'partition_by', '', 'format', 'ndjson',
                    'compression', compression, 'concurrency', 0, 'cors_origins', json_array(),
                    'require_http_auth', json('false'), 'kafka_metadata', json('false'),
                    'batch', json_object(
                        'max_bytes', batch_bytes, 'max_duration_s', batch_seconds, 'max_rows', batch_rows
                    )
                ),
                created_at, modified_at, watermark
            FROM pipelines;
            DROP TABLE pipelines;
            ALTER TABLE pipelines_anew RENAME TO pipelines;
            CREATE INDEX pipelines_bucket ON pipelines (bucket);

            -- Producers whose batches are told apart from repeated ones; `spans` holds the newest of each.
            CREATE TABLE pipeline_producers (
                pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
                kind BIGINT NOT NULL CHECK (kind BETWEEN 1 AND 4),
                producer BLOB NOT NULL,
                epoch BIGINT NOT NULL,
                used_at BIGINT NOT NULL,
                spans BLOB NOT NULL,
                PRIMARY KEY (pipeline_id, kind, producer)
            );
            CREATE TABLE kafka_producer_ids (
                id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
                next_id BIGINT NOT NULL CHECK (next_id >= 1)
            );
            INSERT INTO kafka_producer_ids (id, next_id) VALUES (1, 1);

            -- Bearer tokens that let records in; only their SHA-256 is kept.
            CREATE TABLE pipeline_tokens (
                pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
                name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
                digest BLOB NOT NULL UNIQUE,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (pipeline_id, name)
            );

            -- Records that were accepted and could not go on.
            CREATE TABLE pipeline_rejects (
                id TEXT NOT NULL,
                pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
                record BLOB NOT NULL,
                reason TEXT NOT NULL,
                label TEXT,
                source BIGINT NOT NULL,
                stream_offset BIGINT NOT NULL,
                ingested_at BIGINT NOT NULL,
                rejected_at BIGINT NOT NULL,
                PRIMARY KEY (pipeline_id, id)
            );
            """
        ),
    ]
}

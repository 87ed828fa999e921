package import FlareStore

extension QueueService {
    /// The schema of queues, their consumers and producers, and messages.
    package static let migrations: [Migration] = [
        Migration(
            "queues-1",
            """
            CREATE TABLE queues (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),
                created_at BIGINT NOT NULL,
                modified_at BIGINT NOT NULL,
                delivery_delay INTEGER NOT NULL CHECK (delivery_delay BETWEEN 0 AND 86400),
                delivery_paused INTEGER NOT NULL CHECK (delivery_paused IN (0, 1)),
                retention INTEGER NOT NULL CHECK (retention BETWEEN 60 AND 1209600)
            );
            CREATE TABLE queue_consumers (
                id TEXT PRIMARY KEY,
                queue_id TEXT NOT NULL UNIQUE REFERENCES queues (id),
                type TEXT NOT NULL CHECK (type IN ('worker', 'workflow', 'http_pull')),
                target TEXT CHECK ((target IS NULL) = (type = 'http_pull')),
                created_at BIGINT NOT NULL,
                dead_letter_queue TEXT,
                batch_size INTEGER NOT NULL CHECK (batch_size BETWEEN 1 AND 100),
                max_wait_ms INTEGER NOT NULL CHECK (max_wait_ms BETWEEN 0 AND 60000),
                max_retries INTEGER NOT NULL CHECK (max_retries BETWEEN 0 AND 100),
                max_concurrency INTEGER CHECK (max_concurrency BETWEEN 1 AND 250),
                retry_delay INTEGER NOT NULL CHECK (retry_delay BETWEEN 0 AND 86400),
                visibility_timeout_ms INTEGER NOT NULL CHECK (visibility_timeout_ms BETWEEN 1 AND 43200000)
            );
            CREATE TABLE queue_producers (
                queue_id TEXT NOT NULL REFERENCES queues (id),
                type TEXT NOT NULL CHECK (type IN ('worker', 'r2_bucket')),
                name TEXT NOT NULL,
                PRIMARY KEY (queue_id, type, name)
            );
            CREATE TABLE queue_counters (
                queue_id TEXT PRIMARY KEY REFERENCES queues (id),
                waiting BIGINT NOT NULL DEFAULT 0 CHECK (waiting >= 0),
                waiting_bytes BIGINT NOT NULL DEFAULT 0 CHECK (waiting_bytes >= 0),
                dead BIGINT NOT NULL DEFAULT 0 CHECK (dead >= 0),
                accepted BIGINT NOT NULL DEFAULT 0,
                acknowledged BIGINT NOT NULL DEFAULT 0,
                retried BIGINT NOT NULL DEFAULT 0,
                died BIGINT NOT NULL DEFAULT 0,
                expired BIGINT NOT NULL DEFAULT 0,
                purged_at BIGINT,
                purged BIGINT
            );
            CREATE TABLE queue_messages (
                sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL,
                queue_id TEXT NOT NULL REFERENCES queues (id),
                enqueued_at BIGINT NOT NULL,
                visible_at BIGINT NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
                lease_token TEXT,
                lease_holder TEXT CHECK (lease_holder IN ('push', 'pull')),
                died_at BIGINT,
                origin_queue TEXT,
                reason TEXT,
                content_type TEXT NOT NULL CHECK (content_type IN ('json', 'text', 'bytes', 'v8')),
                body BLOB NOT NULL CHECK (length(body) <= 128000),
                CHECK ((lease_token IS NULL) = (lease_holder IS NULL)),
                CHECK (died_at IS NULL OR lease_token IS NULL)
            );
            CREATE INDEX queue_messages_by_visibility
                ON queue_messages (queue_id, visible_at, sequence) WHERE died_at IS NULL;
            CREATE INDEX queue_messages_by_age ON queue_messages (queue_id, sequence) WHERE died_at IS NULL;
            CREATE INDEX queue_messages_pushed ON queue_messages (sequence) WHERE lease_holder = 'push';
            CREATE INDEX queue_messages_dead ON queue_messages (queue_id, sequence) WHERE died_at IS NOT NULL;
            """
        ),
        // Who set a consumer: those that were there were mostly set by deploys.
        Migration(
            "queues-2",
            """
            ALTER TABLE queue_consumers ADD COLUMN source TEXT NOT NULL DEFAULT 'config'
                CHECK (source IN ('config', 'command'));
            """
        ),
        spansMigration, subscriptionsMigration, keptIDsMigration,
    ]
}

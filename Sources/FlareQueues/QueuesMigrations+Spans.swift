import FlareStore

extension QueueService {
    /// Messages as spans of chunks instead of one row each.
    ///
    /// Rows of the earlier schema become chunks of one message. Their leases go on to hide them, but can no longer be
    /// settled.
    static let spansMigration = Migration(
        "queues-3",
        """
        ALTER TABLE queues ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
        UPDATE queues SET number = (SELECT count(*) FROM queues AS other WHERE other.id <= queues.id);
        CREATE UNIQUE INDEX queues_by_number ON queues (number);
        CREATE TABLE queue_chunks (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            directory BLOB NOT NULL,
            bodies BLOB NOT NULL
        );
        CREATE TABLE queue_spans (
            first INTEGER PRIMARY KEY,
            queue INTEGER NOT NULL REFERENCES queues (number),
            count INTEGER NOT NULL CHECK (count BETWEEN 1 AND 128),
            bytes BIGINT NOT NULL CHECK (bytes >= 0),
            enqueued_at BIGINT NOT NULL,
            visible_at BIGINT NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            holder INTEGER CHECK (holder IN (1, 2)),
            token BIGINT,
            died_at BIGINT,
            origin_queue TEXT,
            reason TEXT,
            CHECK ((holder IS NULL) = (token IS NULL)),
            CHECK (died_at IS NULL OR holder IS NULL)
        );
        CREATE TABLE queue_imports (
            queue INTEGER NOT NULL REFERENCES queues (number),
            id TEXT NOT NULL,
            sequence BIGINT NOT NULL,
            PRIMARY KEY (queue, id)
        );
        INSERT INTO queue_chunks (number, directory, bodies)
            SELECT sequence, CAST('M' || id || content_type AS BLOB), body FROM queue_messages;
        INSERT INTO queue_spans (queue, first, count, bytes, enqueued_at, visible_at, attempts, holder, token, died_at,
                origin_queue, reason)
            SELECT queues.number, sequence * 128, 1, length(body), enqueued_at, visible_at, attempts,
                CASE lease_holder WHEN 'push' THEN 1 WHEN 'pull' THEN 2 END,
                CASE WHEN lease_holder IS NOT NULL THEN 0 END, died_at, origin_queue, reason
            FROM queue_messages JOIN queues ON queues.id = queue_messages.queue_id;
        DROP TABLE queue_messages;
        CREATE INDEX queue_spans_by_visibility
            ON queue_spans (queue, visible_at, first) WHERE died_at IS NULL;
        CREATE INDEX queue_spans_by_age ON queue_spans (queue, first) WHERE died_at IS NULL;
        CREATE INDEX queue_spans_leased ON queue_spans (queue, visible_at) WHERE holder IS NOT NULL;
        CREATE INDEX queue_spans_dead ON queue_spans (queue, first) WHERE died_at IS NOT NULL;
        """
    )

    /// Ids that messages kept are forgotten by their age.
    static let keptIDsMigration = Migration(
        "queues-5-kept-ids",
        "CREATE INDEX queue_imports_by_sequence ON queue_imports (queue, sequence);"
    )
}

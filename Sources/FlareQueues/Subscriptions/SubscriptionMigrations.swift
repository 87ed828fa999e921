import FlareStore

extension QueueService {
    /// The schema of event subscriptions.
    static let subscriptionsMigration = Migration(
        "queues-4-subscriptions",
        """
        CREATE TABLE queue_subscriptions (
            id TEXT NOT NULL PRIMARY KEY,
            queue_id TEXT NOT NULL REFERENCES queues (id),
            name TEXT NOT NULL CHECK (name <> ''),
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            source TEXT NOT NULL CHECK (source IN ('r2', 'workers.script', 'workflows.workflow')),
            -- The Worker or workflow; NULL for all.
            subject TEXT,
            -- Separated by commas.
            events TEXT NOT NULL CHECK (events <> ''),
            created_at BIGINT NOT NULL,
            modified_at BIGINT NOT NULL
        );
        CREATE INDEX queue_subscriptions_source ON queue_subscriptions (source, subject);
        CREATE INDEX queue_subscriptions_queue ON queue_subscriptions (queue_id);
        """
    )
}

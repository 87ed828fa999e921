import FlareStore

/// The schema's stage of metrics: what is counted, and a log whose numbers are never used twice.
enum WorkflowMetricsStage {
    static let migration = Migration("workflows-5-metrics", log + metrics)

    /// Whoever follows the log remembers the number of the last line that he has seen, so no later line may get a
    /// number that a deleted one had.
    ///
    /// SQLite gives the number after the largest. When an instance goes, a line of no instance is left behind that
    /// keeps the largest one, which costs the many inserts nothing.
    private static let log = """
        CREATE TABLE workflow_log_2 (
            seq INTEGER PRIMARY KEY,
            instance INTEGER REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            run INTEGER NOT NULL,
            at INTEGER NOT NULL,
            type TEXT NOT NULL,
            step TEXT,
            attempt INTEGER,
            level TEXT,
            message TEXT,
            error BLOB,
            due_at INTEGER,
            CHECK ((instance IS NULL) = (type = 'kept'))
        );
        INSERT INTO workflow_log_2 (seq, instance, run, at, type, step, attempt, level, message, error, due_at)
            SELECT seq, instance, run, at, type, step, attempt, level, message, error, due_at FROM workflow_log;
        DROP TABLE workflow_log;
        ALTER TABLE workflow_log_2 RENAME TO workflow_log;
        CREATE INDEX workflow_log_instance ON workflow_log (instance, seq);
        CREATE TRIGGER workflow_log_kept BEFORE DELETE ON workflow_instances BEGIN
            INSERT INTO workflow_log (instance, run, at, type) VALUES (NULL, 0, 0, 'kept');
            DELETE FROM workflow_log WHERE instance IS NULL AND seq < last_insert_rowid();
        END;

        """

    /// One row for each way in which one label of a workflow can end; `buckets` is a JSON array of counts.
    ///
    /// `workflow_metrics_cursor` has one row: the last line of the log that the rows above contain.
    private static let metrics = """
        CREATE TABLE workflow_metrics (
            workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            label TEXT NOT NULL,
            outcome TEXT NOT NULL,
            count INTEGER NOT NULL,
            retries INTEGER NOT NULL,
            sum INTEGER NOT NULL,
            min INTEGER NOT NULL,
            max INTEGER NOT NULL,
            buckets TEXT NOT NULL,
            PRIMARY KEY (workflow_id, kind, label, outcome)
        );
        CREATE TABLE workflow_metrics_cursor (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            seq INTEGER NOT NULL
        );
        """
}

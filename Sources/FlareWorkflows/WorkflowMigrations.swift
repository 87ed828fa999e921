package import FlareStore

/// The schema of workflows: definitions, instances, runs, steps, attempts, buffered events and the log.
package enum WorkflowMigrations {
    package static let all = [
        Migration(
            "workflows-1",
            definitions + instances + steps + history
        ),
        WorkflowSecondStage.migration,
        ScheduleMigrations.migration,
        ShellMigrations.migration,
        WorkflowMetricsStage.migration,
        InstanceCountRecord.migration,
        // Set while what a deleted workflow holds is being deleted; nobody finds it any more.
        Migration("workflows-7-deleted", "ALTER TABLE workflows ADD COLUMN deleted_at INTEGER;"),
    ]

    /// A version is a class in one deployed version of a Worker.
    ///
    /// Instances keep the one they began with.
    private static let definitions = """
        CREATE TABLE workflows (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            version_id TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            triggered_at INTEGER
        );
        CREATE TABLE workflow_versions (
            id TEXT PRIMARY KEY,
            workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
            worker TEXT NOT NULL,
            worker_version TEXT NOT NULL,
            class_name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (workflow_id, worker, worker_version, class_name)
        );

        """

    /// `wake_at` is when a run goes on; exactly the runs that wait for a place or a time have one.
    ///
    /// `invocation` counts the times its code was started, and fences calls of an earlier one.
    private static let instances = """
        CREATE TABLE workflow_instances (
            seq INTEGER PRIMARY KEY,
            workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
            id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 100),
            params BLOB NOT NULL,
            trigger_source TEXT NOT NULL CHECK (trigger_source IN ('api', 'binding', 'queue', 'cron')),
            created_at INTEGER NOT NULL,
            run INTEGER NOT NULL CHECK (run >= 1),
            UNIQUE (workflow_id, id)
        );
        CREATE INDEX workflow_instances_order ON workflow_instances (workflow_id, seq);
        CREATE TABLE workflow_runs (
            instance INTEGER NOT NULL REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            run INTEGER NOT NULL CHECK (run >= 1),
            version_id TEXT NOT NULL REFERENCES workflow_versions (id),
            status TEXT NOT NULL
                CHECK (status IN ('queued', 'running', 'waiting', 'complete', 'errored', 'terminated')),
            wake_at INTEGER,
            invocation INTEGER NOT NULL DEFAULT 0,
            losses INTEGER NOT NULL DEFAULT 0,
            finished_steps INTEGER NOT NULL DEFAULT 0,
            console_lines INTEGER NOT NULL DEFAULT 0,
            modified_at INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER,
            output BLOB,
            error BLOB,
            PRIMARY KEY (instance, run),
            CHECK ((status IN ('queued', 'waiting')) = (wake_at IS NOT NULL)),
            CHECK ((status IN ('complete', 'errored', 'terminated')) = (ended_at IS NOT NULL))
        );
        CREATE INDEX workflow_runs_begun ON workflow_runs (wake_at, instance)
            WHERE wake_at IS NOT NULL AND started_at IS NOT NULL;
        CREATE INDEX workflow_runs_fresh ON workflow_runs (wake_at, instance)
            WHERE wake_at IS NOT NULL AND started_at IS NULL;
        CREATE INDEX workflow_runs_unfinished ON workflow_runs (status) WHERE ended_at IS NULL;

        """

    /// A step is known by kind, name and occurrence.
    ///
    /// `finish_order` is its place in the journal.
    private static let steps = """
        CREATE TABLE workflow_steps (
            seq INTEGER PRIMARY KEY,
            instance INTEGER NOT NULL,
            run INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('do', 'sleep', 'wait')),
            name TEXT NOT NULL,
            n INTEGER NOT NULL CHECK (n >= 1),
            parent_name TEXT,
            parent_n INTEGER,
            status TEXT NOT NULL CHECK (status IN ('running', 'waiting', 'complete', 'failed')),
            config BLOB,
            event_type TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            due_at INTEGER,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            finish_order INTEGER,
            value BLOB,
            error BLOB,
            UNIQUE (instance, run, kind, name, n),
            UNIQUE (instance, run, finish_order),
            FOREIGN KEY (instance, run) REFERENCES workflow_runs (instance, run) ON DELETE CASCADE,
            CHECK ((kind = 'wait') = (event_type IS NOT NULL)),
            CHECK ((kind = 'do') = (config IS NOT NULL)),
            CHECK ((status IN ('complete', 'failed')) = (finish_order IS NOT NULL)),
            CHECK ((status = 'failed') = (error IS NOT NULL))
        );
        CREATE TABLE workflow_attempts (
            step INTEGER NOT NULL REFERENCES workflow_steps (seq) ON DELETE CASCADE,
            attempt INTEGER NOT NULL CHECK (attempt >= 1),
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            outcome TEXT NOT NULL CHECK (outcome IN ('open', 'complete', 'failed', 'timed_out', 'interrupted')),
            error BLOB,
            PRIMARY KEY (step, attempt),
            CHECK ((outcome = 'open') = (ended_at IS NULL))
        );
        CREATE INDEX workflow_attempts_open ON workflow_attempts (step) WHERE outcome = 'open';

        """

    private static let history = """
        CREATE TABLE workflow_events (
            seq INTEGER PRIMARY KEY,
            instance INTEGER NOT NULL REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            type TEXT NOT NULL,
            payload BLOB NOT NULL,
            sent_at INTEGER NOT NULL
        );
        CREATE INDEX workflow_events_type ON workflow_events (instance, type, seq);
        CREATE TABLE workflow_log (
            seq INTEGER PRIMARY KEY,
            instance INTEGER NOT NULL REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            run INTEGER NOT NULL,
            at INTEGER NOT NULL,
            type TEXT NOT NULL,
            step TEXT,
            attempt INTEGER,
            level TEXT,
            message TEXT,
            error BLOB,
            due_at INTEGER
        );
        CREATE INDEX workflow_log_instance ON workflow_log (instance, seq);
        """
}

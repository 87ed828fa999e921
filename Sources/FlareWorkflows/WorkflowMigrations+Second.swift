import FlareStore

/// The schema's second stage: pausing, rolling back, several runs of an instance, and runs that a shell script drives.
///
/// SQLite cannot change a table's constraints, so tables whose states grew are made anew and filled from the old ones.
enum WorkflowSecondStage {
    static let migration = Migration("workflows-2", definitions + instances + runs + steps + chunks)

    /// `settings` is JSON: `{"steps"?, "successRetention"?, "errorRetention"?}` as in `WorkflowSettings`.
    private static let definitions = """
        ALTER TABLE workflows ADD COLUMN kind TEXT NOT NULL DEFAULT 'worker' CHECK (kind IN ('worker', 'shell'));
        ALTER TABLE workflows ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

        """

    /// `schedule` is JSON: `{"cron", "scheduledTime"}` of an instance that a schedule began.
    ///
    /// Retention overrides that of the workflow, in milliseconds. No instance gets the number of a deleted one: the
    /// code of that may still be on its way out, and whoever follows it must not be told of another.
    private static let instances = """
        CREATE TABLE workflow_instances_2 (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
            id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 300),
            params BLOB NOT NULL,
            trigger_source TEXT NOT NULL CHECK (trigger_source IN ('api', 'binding', 'queue', 'cron', 'shell')),
            created_at INTEGER NOT NULL,
            run INTEGER NOT NULL CHECK (run >= 1),
            schedule TEXT,
            success_retention INTEGER CHECK (success_retention >= 0),
            error_retention INTEGER CHECK (error_retention >= 0),
            UNIQUE (workflow_id, id)
        );
        INSERT INTO workflow_instances_2 (seq, workflow_id, id, params, trigger_source, created_at, run)
            SELECT seq, workflow_id, id, params, trigger_source, created_at, run FROM workflow_instances;
        DROP TABLE workflow_instances;
        ALTER TABLE workflow_instances_2 RENAME TO workflow_instances;
        CREATE INDEX workflow_instances_order ON workflow_instances (workflow_id, seq);
        CREATE INDEX workflow_instances_created ON workflow_instances (workflow_id, created_at);

        """

    /// `is_current` marks the newest run of its instance; `workflow_id` repeats the instance's, for lists by status.
    ///
    /// `params` replaces the instance's in this run. `closing` is the status that a run that rolls back will end with.
    /// What ended before is kept for 30 days from its end, as what ends from now on.
    ///
    /// A run that a shell script drives has no `wake_at`: it goes on when somebody runs the script again.
    private static let runs = """
        CREATE TABLE workflow_runs_2 (
            instance INTEGER NOT NULL REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            run INTEGER NOT NULL CHECK (run >= 1),
            workflow_id TEXT NOT NULL,
            version_id TEXT NOT NULL REFERENCES workflow_versions (id),
            is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
            driver TEXT NOT NULL DEFAULT 'worker' CHECK (driver IN ('worker', 'shell')),
            reason TEXT NOT NULL DEFAULT 'first' CHECK (reason IN ('first', 'restart', 'replay')),
            from_step TEXT,
            params BLOB,
            status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'waitingForPause', 'paused',
                'rollingBack', 'complete', 'errored', 'terminated')),
            closing TEXT CHECK (closing IN ('errored', 'terminated')),
            wake_at INTEGER,
            paused_at INTEGER,
            delete_at INTEGER,
            invocation INTEGER NOT NULL DEFAULT 0,
            losses INTEGER NOT NULL DEFAULT 0,
            finished_steps INTEGER NOT NULL DEFAULT 0,
            console_lines INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER,
            output BLOB,
            error BLOB,
            PRIMARY KEY (instance, run),
            CHECK (wake_at IS NULL OR status IN ('queued', 'waiting', 'rollingBack')),
            CHECK (driver = 'shell' OR status NOT IN ('queued', 'waiting') OR wake_at IS NOT NULL),
            CHECK ((status IN ('complete', 'errored', 'terminated')) = (ended_at IS NOT NULL)),
            CHECK ((status = 'paused') = (paused_at IS NOT NULL)),
            CHECK (closing IS NOT NULL OR status <> 'rollingBack')
        );
        INSERT INTO workflow_runs_2 (instance, run, workflow_id, version_id, status, wake_at, invocation, losses,
                finished_steps, console_lines, created_at, modified_at, started_at, ended_at, delete_at, output, error)
            SELECT r.instance, r.run, i.workflow_id, r.version_id, r.status, r.wake_at, r.invocation, r.losses,
                r.finished_steps, r.console_lines, i.created_at, r.modified_at, r.started_at, r.ended_at,
                r.ended_at + 2592000000, r.output, r.error
            FROM workflow_runs r JOIN workflow_instances i ON i.seq = r.instance;
        DROP TABLE workflow_runs;
        ALTER TABLE workflow_runs_2 RENAME TO workflow_runs;
        CREATE INDEX workflow_runs_begun ON workflow_runs (wake_at, instance)
            WHERE wake_at IS NOT NULL AND started_at IS NOT NULL;
        CREATE INDEX workflow_runs_fresh ON workflow_runs (wake_at, instance)
            WHERE wake_at IS NOT NULL AND started_at IS NULL;
        CREATE INDEX workflow_runs_unfinished ON workflow_runs (status) WHERE ended_at IS NULL;
        CREATE INDEX workflow_runs_status ON workflow_runs (workflow_id, status, instance) WHERE is_current = 1;
        CREATE INDEX workflow_runs_deletion ON workflow_runs (delete_at) WHERE delete_at IS NOT NULL;

        """

    /// `kept_from` is the run that a replay took the finished step from; `stream_bytes` the length of a result that is
    /// a stream, whose bytes are in `workflow_chunks`; `command` what a step of a shell script runs.
    private static let steps = """
        CREATE TABLE workflow_steps_2 (
            seq INTEGER PRIMARY KEY,
            instance INTEGER NOT NULL,
            run INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('do', 'sleep', 'wait', 'rollback')),
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
            kept_from INTEGER,
            is_patched INTEGER NOT NULL DEFAULT 0 CHECK (is_patched IN (0, 1)),
            is_sensitive INTEGER NOT NULL DEFAULT 0 CHECK (is_sensitive IN (0, 1)),
            has_rollback INTEGER NOT NULL DEFAULT 0 CHECK (has_rollback IN (0, 1)),
            stream_bytes INTEGER,
            command TEXT,
            UNIQUE (instance, run, kind, name, n),
            UNIQUE (instance, run, finish_order),
            FOREIGN KEY (instance, run) REFERENCES workflow_runs (instance, run) ON DELETE CASCADE,
            CHECK ((kind = 'wait') = (event_type IS NOT NULL)),
            CHECK ((kind IN ('do', 'rollback')) = (config IS NOT NULL)),
            CHECK ((status IN ('complete', 'failed')) = (finish_order IS NOT NULL)),
            CHECK ((status = 'failed') = (error IS NOT NULL))
        );
        INSERT INTO workflow_steps_2 (seq, instance, run, kind, name, n, parent_name, parent_n, status, config,
                event_type, attempts, failures, due_at, started_at, ended_at, finish_order, value, error)
            SELECT seq, instance, run, kind, name, n, parent_name, parent_n, status, config,
                event_type, attempts, failures, due_at, started_at, ended_at, finish_order, value, error
            FROM workflow_steps;
        DROP TABLE workflow_steps;
        ALTER TABLE workflow_steps_2 RENAME TO workflow_steps;

        """

    private static let chunks = """
        CREATE TABLE workflow_chunks (
            step INTEGER NOT NULL REFERENCES workflow_steps (seq) ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            n INTEGER NOT NULL,
            stream TEXT NOT NULL DEFAULT 'result' CHECK (stream IN ('result', 'stdout', 'stderr')),
            bytes BLOB NOT NULL,
            PRIMARY KEY (step, attempt, n)
        );
        """
}

import FlareStore

/// The schema of cron triggers.
enum ScheduleMigrations {
    static let migration = Migration("workflows-3-triggers", schedules + runs)

    /// `next_at` is the next time that will be run; what lies before `pruned_at` is never run, since whether it was is
    /// no longer known.
    ///
    /// `cron_key` is the expression without what makes no difference.
    private static let schedules = """
        CREATE TABLE schedules (
            kind TEXT NOT NULL CHECK (kind IN ('worker', 'workflow')),
            target TEXT NOT NULL,
            cron_key TEXT NOT NULL,
            cron TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('config', 'command')),
            catch_up TEXT NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
            created_at BIGINT NOT NULL,
            modified_at BIGINT NOT NULL,
            next_at BIGINT NOT NULL,
            pruned_at BIGINT,
            missed BIGINT NOT NULL DEFAULT 0 CHECK (missed >= 0),
            missed_from BIGINT,
            missed_to BIGINT,
            PRIMARY KEY (kind, target, cron_key),
            CHECK ((missed = 0) = (missed_from IS NULL)),
            CHECK ((missed = 0) = (missed_to IS NULL))
        );
        CREATE INDEX schedules_next ON schedules (next_at);

        """

    /// One row for each scheduled time that was run: what keeps it from being run again.
    ///
    /// That of a workflow is `begun` with its instance; that of a Worker goes from `queued` to `succeeded` or `failed`,
    /// and is `queued` again until `due_at` when the handler threw.
    private static let runs = """
        CREATE TABLE schedule_runs (
            seq INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('worker', 'workflow')),
            target TEXT NOT NULL,
            cron_key TEXT NOT NULL,
            cron TEXT NOT NULL,
            scheduled_at BIGINT NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('schedule', 'catch-up', 'backfill', 'command')),
            status TEXT NOT NULL CHECK (status IN ('begun', 'queued', 'running', 'succeeded', 'failed')),
            instance TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            due_at BIGINT,
            started_at BIGINT,
            ended_at BIGINT,
            error TEXT,
            CHECK ((status = 'begun') = (kind = 'workflow')),
            CHECK ((kind = 'workflow') = (instance IS NOT NULL)),
            CHECK ((status = 'queued') = (due_at IS NOT NULL)),
            CHECK ((status IN ('succeeded', 'failed')) = (ended_at IS NOT NULL))
        );
        CREATE UNIQUE INDEX schedule_runs_once ON schedule_runs (kind, target, cron_key, scheduled_at)
            WHERE origin <> 'command';
        CREATE INDEX schedule_runs_target ON schedule_runs (kind, target, seq);
        CREATE INDEX schedule_runs_due ON schedule_runs (due_at) WHERE status = 'queued';
        CREATE INDEX schedule_runs_running ON schedule_runs (seq) WHERE status = 'running';
        """
}

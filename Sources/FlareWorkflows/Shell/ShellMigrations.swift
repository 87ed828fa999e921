import FlareStore

/// The schema of what is known of running scripts beside their instances, runs and steps.
enum ShellMigrations {
    /// An attachment is who runs the script of an instance now.
    ///
    /// A call is one `flare step`, with the step that it got;
    /// a holder is the call whose command runs as the open attempt of a step.
    static let migration = Migration(
        "workflows-4-shell",
        """
        CREATE TABLE workflow_attachments (
            instance INTEGER PRIMARY KEY REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            attachment INTEGER NOT NULL,
            pid INTEGER NOT NULL,
            start_ticks INTEGER NOT NULL
        );
        CREATE TABLE workflow_calls (
            instance INTEGER NOT NULL REFERENCES workflow_instances (seq) ON DELETE CASCADE,
            call TEXT NOT NULL,
            attachment INTEGER NOT NULL,
            run INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            n INTEGER NOT NULL,
            PRIMARY KEY (instance, call)
        );
        CREATE INDEX workflow_calls_name ON workflow_calls (instance, attachment, kind, name, n);
        CREATE TABLE workflow_holders (
            step INTEGER PRIMARY KEY REFERENCES workflow_steps (seq) ON DELETE CASCADE,
            call TEXT NOT NULL,
            pid INTEGER NOT NULL,
            start_ticks INTEGER NOT NULL
        );
        """
    )
}

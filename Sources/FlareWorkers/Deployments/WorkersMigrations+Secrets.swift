import FlareStore

extension WorkerService {
    /// Secrets, and what was said about a version when it was deployed.
    ///
    /// Secrets may be stored before the first deploy of their Worker, which may require them: they hang on its name.
    static let secretsMigration = Migration(
        "workers-2-secrets",
        """
        CREATE TABLE worker_secrets (
            worker TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            modified_at BIGINT NOT NULL,
            PRIMARY KEY (worker, name)
        );
        ALTER TABLE worker_versions ADD COLUMN message TEXT;
        ALTER TABLE worker_versions ADD COLUMN tag TEXT;
        """
    )
}

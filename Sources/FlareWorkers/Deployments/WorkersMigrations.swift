package import FlareStore

extension WorkerService {
    /// The schema of Workers and their versions.
    package static let migrations = [
        Migration(
            "workers-1",
            """
            CREATE TABLE workers (
                name TEXT NOT NULL PRIMARY KEY,
                current_version TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            );
            CREATE TABLE worker_versions (
                worker TEXT NOT NULL REFERENCES workers (name) ON DELETE CASCADE,
                version TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                details TEXT NOT NULL,
                PRIMARY KEY (worker, version)
            );
            """
        ),
        secretsMigration,
    ]
}

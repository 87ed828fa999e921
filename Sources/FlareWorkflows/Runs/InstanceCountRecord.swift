import FlareModel
import FlareStore

/// How many instances of a workflow have each status, counted as they change.
///
/// Counting a million rows takes seconds. Triggers keep these rows in the transaction of whatever changes a run, so
/// that they are exact after every commit and every crash, whoever wrote the change.
enum InstanceCountRecord {
    static let migration = Migration("workflows-6-counts", table + triggers)

    private static let table = """
        CREATE TABLE workflow_counts (
            workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
            status TEXT NOT NULL,
            count INTEGER NOT NULL CHECK (count >= 0),
            PRIMARY KEY (workflow_id, status)
        ) WITHOUT ROWID;
        INSERT INTO workflow_counts (workflow_id, status, count)
            SELECT workflow_id, status, COUNT(*) FROM workflow_runs WHERE is_current = 1 GROUP BY workflow_id, status;

        """

    private static let triggers = """
        CREATE TRIGGER workflow_counts_insert AFTER INSERT ON workflow_runs WHEN NEW.is_current = 1
        BEGIN
            INSERT INTO workflow_counts (workflow_id, status, count) VALUES (NEW.workflow_id, NEW.status, 1)
                ON CONFLICT (workflow_id, status) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER workflow_counts_leave AFTER UPDATE OF status, is_current ON workflow_runs
        WHEN OLD.is_current = 1 AND (NEW.is_current = 0 OR NEW.status <> OLD.status)
        BEGIN
            UPDATE workflow_counts SET count = count - 1
                WHERE workflow_id = OLD.workflow_id AND status = OLD.status;
        END;
        CREATE TRIGGER workflow_counts_enter AFTER UPDATE OF status, is_current ON workflow_runs
        WHEN NEW.is_current = 1 AND (OLD.is_current = 0 OR NEW.status <> OLD.status)
        BEGIN
            INSERT INTO workflow_counts (workflow_id, status, count) VALUES (NEW.workflow_id, NEW.status, 1)
                ON CONFLICT (workflow_id, status) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER workflow_counts_delete AFTER DELETE ON workflow_runs WHEN OLD.is_current = 1
        BEGIN
            UPDATE workflow_counts SET count = count - 1
                WHERE workflow_id = OLD.workflow_id AND status = OLD.status;
        END;
        """

    /// Instances of the workflow by the status of their current run; those that are none are left out.
    static func counts(of workflow: String, in transaction: Transaction) throws -> [String: Int] {
        let counts = try transaction.rows(
            "SELECT status, count FROM workflow_counts WHERE workflow_id = ? AND count > 0",
            .text(workflow),
            decode: { ($0.text(0), $0.int(1)) }
        )
        return Dictionary(uniqueKeysWithValues: counts)
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// What the code of a run is started with, read in one statement: every instance needs it.
struct LifeFactsRecord: Sendable {
    var workflow: String
    var settings: WorkflowSettings
    var version: WorkflowVersionRecord
    var instance: String
    var createdAt: Timestamp
    /// `event.schedule` of an instance that a schedule began.
    var schedule: JSONValue?
    /// Tagged JSON: those of the run, else those of the instance.
    var params: [UInt8]

    static func find(_ run: RunKey, in transaction: Transaction) throws -> LifeFactsRecord? {
        try transaction.row(
            """
            SELECT w.name, w.settings, i.id, i.created_at, i.schedule, COALESCE(r.params, i.params),
                v.id, v.worker, v.worker_version, v.class_name, v.created_at
            FROM workflow_runs r JOIN workflow_instances i ON i.seq = r.instance
            JOIN workflows w ON w.id = i.workflow_id JOIN workflow_versions v ON v.id = r.version_id
            WHERE r.instance = ? AND r.run = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { row in
                LifeFactsRecord(
                    workflow: row.text(0),
                    settings: try WorkflowSettings(stored: row.text(1)),
                    version: WorkflowVersionRecord(row, from: 6),
                    instance: row.text(2),
                    createdAt: row.time(3),
                    schedule: try row.optionalText(4).map { try JSONValue(json: Array($0.utf8)) },
                    params: row.blob(5)
                )
            }
        )
    }
}

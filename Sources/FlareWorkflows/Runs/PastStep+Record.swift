import FlareModel
import FlareStore
import FlareWorkers

extension PastStep {
    /// The steps of a run in the order of their start, those of its rollback left out.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [PastStep] {
        try transaction.rows(
            """
            SELECT seq, kind, name, n, parent_name, parent_n, status, attempts, started_at, ended_at, finish_order,
                event_type
            FROM workflow_steps WHERE instance = ? AND run = ? AND kind <> 'rollback' ORDER BY seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { row in
                guard let kind = StepKind(rawValue: row.text(1)),
                    let status = StepRecord.Status(rawValue: row.text(6))
                else { throw FlareError(.corruptStore, "step \"\(row.text(2))\" has a state that does not exist") }
                return PastStep(
                    sequence: row.integer(0),
                    key: StepKey(kind: kind, name: row.text(2), occurrence: row.int(3)),
                    parent: row.optionalText(4).map { StepKey(kind: .do, name: $0, occurrence: row.int(5)) },
                    status: status,
                    attempts: row.int(7),
                    startedAt: row.time(8),
                    endedAt: row.optionalTime(9),
                    finishOrder: row.optionalInteger(10),
                    eventType: row.optionalText(11)
                )
            }
        )
    }
}

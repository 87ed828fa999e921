import FlareModel
import FlareStore
import FlareWorkers

extension PastStep {
    /// The steps of a run in the order of their start, those of its rollback left out.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [PastStep] {
        try transaction.rows(
            """
            SELECT s.seq, s.kind, s.name, s.n, s.parent_name, s.parent_n, s.status, s.attempts, s.started_at,
                s.ended_at, s.finish_order, s.event_type, r.seq
            FROM workflow_steps s LEFT JOIN workflow_steps r ON s.kind = 'do' AND r.kind = 'rollback'
                AND r.instance = s.instance AND r.run = s.run AND r.name = s.name AND r.n = s.n
            WHERE s.instance = ? AND s.run = ? AND s.kind <> 'rollback' ORDER BY s.seq
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
                    eventType: row.optionalText(11),
                    isUndone: row.optionalInteger(12) != nil
                )
            }
        )
    }
}

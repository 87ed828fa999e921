import FlareModel
import FlareStore
import FlareWorkers

extension PastStep {
    /// The steps of a run in the order of their start, those of its rollback left out.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [PastStep] {
        try placed(rows(of: run, in: transaction), of: run, in: transaction)
    }

    /// `steps` with each patched one behind those that had begun before it where it was recorded: in a run that began
    /// anew it is there before any of them has run.
    private static func placed(
        _ steps: [PastStep],
        of run: RunKey,
        in transaction: Transaction
    ) throws -> [PastStep] {
        var placed = steps
        for step in steps {
            guard let recorded = step.patchedFrom, recorded < run.run else { continue }
            let source = RunKey(instance: run.instance, run: recorded)
            let keys = try rows(of: source, in: transaction).map(\.key)
            let before = Set(keys[..<(keys.firstIndex(of: step.key) ?? 0)])
            guard let place = placed.firstIndex(where: { $0.key == step.key }),
                let last = placed.lastIndex(where: { before.contains($0.key) }), last > place
            else { continue }
            placed.insert(placed.remove(at: place), at: last)
        }
        return placed
    }

    private static func rows(of run: RunKey, in transaction: Transaction) throws -> [PastStep] {
        try transaction.rows(
            """
            SELECT s.seq, s.kind, s.name, s.n, s.parent_name, s.parent_n, s.status, s.attempts, s.started_at,
                s.ended_at, s.finish_order, s.event_type, r.seq, CASE s.is_patched WHEN 1 THEN s.kept_from END
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
                    isUndone: row.optionalInteger(12) != nil,
                    patchedFrom: row.optionalInt(13)
                )
            }
        )
    }
}

import FlareModel
import FlareStore

/// The steps that a run took over from an earlier one, as rows.
enum KeptStepRecord {
    /// What a step of a run was taken over with.
    struct Marks: Sendable {
        var keptFrom: Int?
        var isPatched: Bool
    }

    /// The marks of the steps of a run that were taken over or patched, by step.
    static func marks(of run: RunKey, in transaction: Transaction) throws -> [Int64: Marks] {
        let marks = try transaction.rows(
            """
            SELECT seq, kept_from, is_patched FROM workflow_steps
            WHERE instance = ? AND run = ? AND (kept_from IS NOT NULL OR is_patched = 1)
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { ($0.integer(0), Marks(keptFrom: $0.optionalInt(1), isPatched: $0.bool(2))) }
        )
        return Dictionary(uniqueKeysWithValues: marks)
    }

    /// Copies the steps that a plan keeps into a new run: in the order of their start, with their attempts and times,
    /// and with places in the journal in the order in which they finished.
    static func copy(
        _ kept: [ReplayPlan.Entry],
        from source: RunKey,
        to run: RunKey,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        // Results that were given without a recorded one come behind all that finished.
        let finished = kept.sorted {
            ($0.step.finishOrder ?? .max, $0.step.sequence) < ($1.step.finishOrder ?? .max, $1.step.sequence)
        }
        let places = Dictionary(uniqueKeysWithValues: zip(finished.map(\.step.sequence), Int64(1)...))
        for entry in kept {
            let place = places[entry.step.sequence] ?? 0
            let copy = try insert(entry, place, from: source, to: run, at: now, in: transaction)
            try transaction.execute(
                """
                INSERT INTO workflow_attempts (step, attempt, started_at, ended_at, outcome, error)
                SELECT ?, attempt, started_at, ended_at, outcome, error FROM workflow_attempts WHERE step = ?
                """,
                .integer(copy),
                .integer(entry.step.sequence)
            )
            guard entry.patch == nil else { continue }
            try transaction.execute(
                """
                INSERT INTO workflow_chunks (step, attempt, n, stream, bytes)
                SELECT ?, attempt, n, stream, bytes FROM workflow_chunks WHERE step = ?
                """,
                .integer(copy),
                .integer(try ShellOutputRecord.holder(of: entry.step.sequence, in: transaction))
            )
        }
        try transaction.execute(
            "UPDATE workflow_runs SET finished_steps = ? WHERE instance = ? AND run = ?",
            .integer(Int64(kept.count)),
            .integer(run.instance),
            .integer(Int64(run.run))
        )
    }

    /// Returns the key of the copy.
    private static func insert(
        _ entry: ReplayPlan.Entry,
        _ place: Int64,
        from source: RunKey,
        to run: RunKey,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Int64 {
        let isPatched: SQLValue = entry.patch == nil ? 0 : 1
        let copy = try transaction.row(
            """
            INSERT INTO workflow_steps (instance, run, kind, name, n, parent_name, parent_n, status, config, event_type,
                attempts, failures, started_at, ended_at, finish_order, value, error, kept_from, is_patched,
                is_sensitive, has_rollback, stream_bytes, command)
            SELECT ?, ?, kind, name, n, parent_name, parent_n, CASE ? WHEN 1 THEN 'complete' ELSE status END, config,
                event_type, attempts, failures, started_at, COALESCE(ended_at, ?), ?, COALESCE(?, value),
                CASE ? WHEN 1 THEN NULL ELSE error END, COALESCE(kept_from, run), MAX(is_patched, ?), is_sensitive,
                has_rollback, CASE ? WHEN 1 THEN NULL ELSE stream_bytes END, command
            FROM workflow_steps WHERE seq = ? RETURNING seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            isPatched,
            .integer(now.milliseconds),
            .integer(place),
            entry.patch.map { .blob($0) } ?? .null,
            isPatched,
            isPatched,
            isPatched,
            .integer(entry.step.sequence),
            decode: { $0.integer(0) }
        )
        guard let copy else { throw FlareError(.corruptStore, "step \"\(entry.step.text)\" is not there any more") }
        return copy
    }
}

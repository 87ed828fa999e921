import FlareModel
import FlareStore
import FlareWorkers

/// The statements that move a run from one status to the next.
///
/// Which moves are possible is `RunState`'s to say.
enum RunRecord {
    /// A run that got a place, with what its code needs to begin or go on.
    struct Claim: Sendable {
        var key: RunKey
        /// Fences calls of earlier invocations of the same run.
        var invocation: Int64
        /// Whether its code has never run, nor that of an earlier run whose steps it keeps.
        var isFirst: Bool
        /// Set while the run rolls back: the status that it will end with.
        var closing: InstanceStatus?
    }

    /// What a run came to.
    struct Result: Sendable {
        var output: [UInt8]?
        var error: JavaScriptError?
    }

    /// Gives places to runs that are due: those that have begun before new ones, each group in the order of its time.
    static func claim(limit: Int, at now: Timestamp, in transaction: Transaction) throws -> [Claim] {
        func due(_ condition: String, _ limit: Int) throws -> [RunKey] {
            try transaction.rows(
                """
                SELECT instance, run FROM workflow_runs
                WHERE wake_at IS NOT NULL AND started_at \(condition) AND wake_at <= ?
                ORDER BY wake_at, instance LIMIT ?
                """,
                .integer(now.milliseconds),
                .integer(Int64(limit)),
                decode: { RunKey(instance: $0.integer(0), run: $0.int(1)) }
            )
        }
        let begun = try due("IS NOT NULL", limit)
        let fresh = try due("IS NULL", limit - begun.count)
        return try begun.map { try start($0, isFirst: false, at: now, in: transaction) }
            + fresh.map { try start($0, isFirst: true, at: now, in: transaction) }
    }

    private static func start(
        _ key: RunKey,
        isFirst: Bool,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Claim {
        let claim = try transaction.row(
            """
            UPDATE workflow_runs
            SET status = CASE WHEN closing IS NULL THEN 'running' ELSE 'rollingBack' END, wake_at = NULL,
                invocation = invocation + 1, started_at = COALESCE(started_at, ?), modified_at = ?
            WHERE instance = ? AND run = ? RETURNING invocation, closing, reason = 'first'
            """,
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: { ($0.integer(0), $0.optionalText(1), $0.int(2) == 1) }
        )
        return Claim(
            key: key,
            invocation: claim?.0 ?? 0,
            isFirst: isFirst && claim?.2 == true,
            closing: claim?.1.flatMap { InstanceStatus(rawValue: $0) }
        )
    }

    /// When the next run that is not yet due goes on.
    static func nextWake(after now: Timestamp, in transaction: Transaction) throws -> Timestamp? {
        func first(_ condition: String) throws -> Timestamp? {
            try transaction.row(
                """
                SELECT wake_at FROM workflow_runs
                WHERE wake_at IS NOT NULL AND started_at \(condition) AND wake_at > ? ORDER BY wake_at LIMIT 1
                """,
                .integer(now.milliseconds),
                decode: { $0.time(0) }
            )
        }
        return [try first("IS NOT NULL"), try first("IS NULL")].compactMap { $0 }.min()
    }

    /// Where a run stands, as long as this invocation is the one that may change it; nil when it is not.
    ///
    /// A run with a time to go on has no code that counts.
    static func current(_ key: RunKey, invocation: Int64, in transaction: Transaction) throws -> RunState? {
        try transaction.row(
            """
            SELECT status, losses, closing FROM workflow_runs
            WHERE instance = ? AND run = ? AND invocation = ? AND wake_at IS NULL
                AND status IN ('running', 'waitingForPause', 'rollingBack')
            """,
            .integer(key.instance),
            .integer(Int64(key.run)),
            .integer(invocation),
            decode: Self.state
        )
    }

    /// Whether this invocation of the run is the one that may change it.
    static func isCurrent(_ key: RunKey, invocation: Int64, in transaction: Transaction) throws -> Bool {
        try current(key, invocation: invocation, in: transaction) != nil
    }

    /// Where a run stands.
    static func state(of key: RunKey, in transaction: Transaction) throws -> RunState {
        let state = try transaction.row(
            "SELECT status, losses, closing FROM workflow_runs WHERE instance = ? AND run = ?",
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: Self.state
        )
        guard let state else { throw FlareError(.instanceNotFound, "the instance was deleted") }
        return state
    }

    private static func state(_ row: SQLRow) throws -> RunState {
        guard let status = InstanceStatus(rawValue: row.text(0)) else {
            throw FlareError(.corruptStore, "a run has the status \"\(row.text(0))\", which does not exist")
        }
        let closing = row.optionalText(2).flatMap { InstanceStatus(rawValue: $0) }
        return RunState(status: status, losses: row.int(1), closing: closing)
    }

    /// Runs whose code was running when the engine ended.
    static func running(in transaction: Transaction) throws -> [RunKey] {
        try transaction.rows(
            """
            SELECT instance, run FROM workflow_runs
            WHERE status IN ('running', 'waitingForPause', 'rollingBack') AND wake_at IS NULL
                AND ended_at IS NULL AND driver = 'worker'
            """,
            decode: { RunKey(instance: $0.integer(0), run: $0.int(1)) }
        )
    }

    /// Puts a run aside until `wake`.
    static func setWaiting(
        _ key: RunKey,
        _ state: RunState,
        wake: Timestamp,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE workflow_runs SET status = ?, wake_at = ?, paused_at = NULL, losses = ?, modified_at = ?
            WHERE instance = ? AND run = ?
            """,
            .text(state.status.rawValue),
            .integer(wake.milliseconds),
            .integer(Int64(state.losses)),
            .integer(now.milliseconds),
            .integer(key.instance),
            .integer(Int64(key.run))
        )
    }

    /// Ends a run.
    ///
    /// Returns when it will be deleted: its retention begins now.
    @discardableResult
    static func setEnded(
        _ key: RunKey,
        _ state: RunState,
        _ result: Result,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Timestamp {
        let retention = try InstanceRetention.effective(of: key.instance, in: transaction)
        let deletion = now + (state.status == .complete ? retention.success : retention.error)
        try transaction.execute(
            """
            UPDATE workflow_runs
            SET status = ?, wake_at = NULL, paused_at = NULL, losses = ?, output = ?, error = ?, ended_at = ?,
                modified_at = ?, delete_at = ?
            WHERE instance = ? AND run = ?
            """,
            .text(state.status.rawValue),
            .integer(Int64(state.losses)),
            result.output.map { .blob($0) } ?? .null,
            result.error.map { .blob($0.json.jsonBytes) } ?? .null,
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(deletion.milliseconds),
            .integer(key.instance),
            .integer(Int64(key.run))
        )
        return deletion
    }

    /// As `nextFinishOrder`, for an invocation that may change the run and that nobody has asked to pause or to undo.
    ///
    /// Nil when it is not so.
    static func nextFinishOrder(
        _ key: RunKey,
        running invocation: Int64,
        in transaction: Transaction
    ) throws -> Int64? {
        try transaction.row(
            """
            UPDATE workflow_runs SET finished_steps = finished_steps + 1, losses = 0
            WHERE instance = ? AND run = ? AND invocation = ? AND status = 'running' RETURNING finished_steps
            """,
            .integer(key.instance),
            .integer(Int64(key.run)),
            .integer(invocation),
            decode: { $0.integer(0) }
        )
    }

    /// Takes the next place in the run's journal.
    ///
    /// A step that finishes also ends a row of losses.
    static func nextFinishOrder(_ key: RunKey, in transaction: Transaction) throws -> Int64 {
        try transaction.row(
            """
            UPDATE workflow_runs SET finished_steps = finished_steps + 1, losses = 0
            WHERE instance = ? AND run = ? RETURNING finished_steps
            """,
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// Counts a console line.
    ///
    /// Returns how many the run has had.
    static func countConsoleLine(_ key: RunKey, in transaction: Transaction) throws -> Int {
        try transaction.row(
            """
            UPDATE workflow_runs SET console_lines = console_lines + 1
            WHERE instance = ? AND run = ? RETURNING console_lines
            """,
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: { $0.int(0) }
        ) ?? 0
    }

    static func result(_ key: RunKey, in transaction: Transaction) throws -> Result {
        try transaction.row(
            "SELECT output, error FROM workflow_runs WHERE instance = ? AND run = ?",
            .integer(key.instance),
            .integer(Int64(key.run)),
            decode: { Result(output: $0.optionalBlob(0), error: try storedError($0, 1)) }
        ) ?? Result()
    }
}

/// Reads an error column.
func storedError(_ row: SQLRow, _ column: Int32) throws -> JavaScriptError? {
    try row.optionalBlob(column).map { JavaScriptError(json: try JSONValue(json: $0)) }
}

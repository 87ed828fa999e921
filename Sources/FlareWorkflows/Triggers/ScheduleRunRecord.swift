import FlareModel
import FlareStore
import FlareWorkers

/// A row of `schedule_runs`: one scheduled time and what became of it.
package struct ScheduleRunRecord: Sendable {
    /// Why the time was run.
    package enum Origin: String, Sendable {
        case schedule
        case catchUp = "catch-up"
        case backfill
        case command
    }

    enum Status: String, Sendable {
        case begun, queued, running, succeeded, failed
    }

    let sequence: Int64
    let target: ScheduleTarget
    let cron: String
    let scheduledAt: Timestamp
    let origin: Origin
    let status: Status
    let instance: String?
    let attempts: Int
    let dueAt: Timestamp?
    let startedAt: Timestamp?
    let endedAt: Timestamp?
    let error: JavaScriptError?
}

extension ScheduleRunRecord {
    private static let columns = """
        seq, kind, target, cron, scheduled_at, origin, status, instance, attempts, due_at, started_at, ended_at, error
        """

    private init(_ row: SQLRow) throws {
        sequence = row.integer(0)
        target = row.text(1) == "worker" ? .worker(row.text(2)) : .workflow(row.text(2))
        cron = row.text(3)
        scheduledAt = row.time(4)
        guard let origin = Origin(rawValue: row.text(5)), let status = Status(rawValue: row.text(6)) else {
            throw FlareError(.corruptStore, "a run of the schedule \"\(row.text(3))\" cannot be read")
        }
        self.origin = origin
        self.status = status
        instance = row.optionalText(7)
        attempts = row.int(8)
        dueAt = row.optionalTime(9)
        startedAt = row.optionalTime(10)
        endedAt = row.optionalTime(11)
        error = row.isNull(12) ? nil : JavaScriptError(json: (try? JSONValue(json: row.text(12).utf8)) ?? .null)
    }

    /// Writes down that a time is run: an instance of a workflow has begun, or the handler of a Worker will be called.
    ///
    /// Returns nil when it was run before; a command runs it again.
    static func insert(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        scheduledAt: Timestamp,
        origin: Origin,
        instance: String? = nil,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Int64? {
        try transaction.row(
            """
            INSERT INTO schedule_runs (kind, target, cron_key, cron, scheduled_at, origin, status, instance, due_at,
                started_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind, target, cron_key, scheduled_at) WHERE origin <> 'command' DO NOTHING RETURNING seq
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .text(cron.text),
            .integer(scheduledAt.milliseconds),
            .text(origin.rawValue),
            .text(instance == nil ? Status.queued.rawValue : Status.begun.rawValue),
            SQLValue(instance),
            instance == nil ? .integer(now.milliseconds) : .null,
            instance == nil ? .null : .integer(now.milliseconds),
            decode: { $0.integer(0) }
        )
    }

    /// Whether a time was run, other than by a command.
    static func wasRun(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        at time: Timestamp,
        in transaction: Transaction
    ) throws -> Bool {
        try transaction.row(
            """
            SELECT 1 FROM schedule_runs
            WHERE kind = ? AND target = ? AND cron_key = ? AND scheduled_at = ? AND origin <> 'command'
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .integer(time.milliseconds),
            decode: { _ in true }
        ) ?? false
    }

    /// How many times from one up to and with another were run, other than by a command.
    static func count(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        from start: Timestamp,
        to end: Timestamp,
        in transaction: Transaction
    ) throws -> Int {
        try transaction.row(
            """
            SELECT COUNT(*) FROM schedule_runs WHERE kind = ? AND target = ? AND cron_key = ?
                AND scheduled_at BETWEEN ? AND ? AND origin <> 'command'
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .integer(start.milliseconds),
            .integer(end.milliseconds),
            decode: { $0.int(0) }
        ) ?? 0
    }

    static func find(_ sequence: Int64, in transaction: Transaction) throws -> ScheduleRunRecord? {
        try transaction.row(
            "SELECT \(columns) FROM schedule_runs WHERE seq = ?",
            .integer(sequence),
            decode: ScheduleRunRecord.init
        )
    }

    /// The run of the newest scheduled time.
    static func last(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        in transaction: Transaction
    ) throws -> ScheduleRunRecord? {
        try transaction.row(
            """
            SELECT \(columns) FROM schedule_runs
            WHERE kind = ? AND target = ? AND cron_key = ? AND origin <> 'command' ORDER BY scheduled_at DESC LIMIT 1
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            decode: ScheduleRunRecord.init
        )
    }

    /// The newest runs of a Worker or workflow.
    static func list(of target: ScheduleTarget, limit: Int, in transaction: Transaction) throws -> [ScheduleRunRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM schedule_runs WHERE kind = ? AND target = ? ORDER BY seq DESC LIMIT ?",
            .text(target.kind),
            .text(target.name),
            .integer(Int64(limit)),
            decode: ScheduleRunRecord.init
        )
    }

    // MARK: - Calls of handlers

    /// Takes calls that are due; each is `running` from then on.
    static func claim(limit: Int, at now: Timestamp, in transaction: Transaction) throws -> [ScheduleRunRecord] {
        try transaction.rows(
            """
            UPDATE schedule_runs SET status = 'running', due_at = NULL, attempts = attempts + 1, started_at = ?
            WHERE seq IN (
                SELECT seq FROM schedule_runs WHERE status = 'queued' AND due_at <= ? ORDER BY due_at, seq LIMIT ?)
            RETURNING \(columns)
            """,
            .integer(now.milliseconds),
            .integer(now.milliseconds),
            .integer(Int64(limit)),
            decode: ScheduleRunRecord.init
        )
    }

    static func nextDue(in transaction: Transaction) throws -> Timestamp? {
        try transaction.row(
            "SELECT MIN(due_at) FROM schedule_runs WHERE status = 'queued'",
            decode: { $0.optionalTime(0) }
        ) ?? nil
    }

    /// Calls that the end of the engine cut off become due; that attempt does not count.
    ///
    /// Returns how many there were.
    static func requeueRunning(at now: Timestamp, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            "UPDATE schedule_runs SET status = 'queued', due_at = ?, attempts = attempts - 1 WHERE status = 'running'",
            .integer(now.milliseconds)
        )
    }

    /// Writes down how a call ended; with `retryAt` the handler is called again.
    static func setEnded(
        _ sequence: Int64,
        error: JavaScriptError?,
        retryAt: Timestamp? = nil,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        let status: Status = error == nil ? .succeeded : retryAt == nil ? .failed : .queued
        try transaction.execute(
            """
            UPDATE schedule_runs SET status = ?, due_at = ?, ended_at = ?, error = ?
            WHERE seq = ? AND status = 'running'
            """,
            .text(status.rawValue),
            retryAt.map { .integer($0.milliseconds) } ?? .null,
            retryAt == nil ? .integer(now.milliseconds) : .null,
            SQLValue(error.map { String(decoding: $0.json.jsonBytes, as: UTF8.self) }),
            .integer(sequence)
        )
    }

    // MARK: - Forgetting

    /// Forgets all but the newest runs of a schedule; returns the newest scheduled time that is no longer known.
    static func prune(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        keep count: Int,
        in transaction: Transaction
    ) throws -> Timestamp? {
        let bound = try transaction.row(
            """
            SELECT scheduled_at FROM schedule_runs
            WHERE kind = ? AND target = ? AND cron_key = ? AND origin <> 'command'
            ORDER BY scheduled_at DESC LIMIT 1 OFFSET ?
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .integer(Int64(count)),
            decode: { $0.time(0) }
        )
        guard let bound else { return nil }
        try transaction.execute(
            """
            DELETE FROM schedule_runs WHERE kind = ? AND target = ? AND cron_key = ? AND scheduled_at <= ?
                AND origin <> 'command' AND status NOT IN ('queued', 'running')
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .integer(bound.milliseconds)
        )
        return bound
    }

    /// Forgets all but the newest runs that commands asked for.
    static func pruneCommands(of target: ScheduleTarget, keep count: Int, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM schedule_runs WHERE kind = ? AND target = ? AND origin = 'command' AND ended_at IS NOT NULL
                AND seq <= (SELECT seq FROM schedule_runs WHERE kind = ? AND target = ? AND origin = 'command'
                    ORDER BY seq DESC LIMIT 1 OFFSET ?)
            """,
            .text(target.kind),
            .text(target.name),
            .text(target.kind),
            .text(target.name),
            .integer(Int64(count))
        )
    }
}

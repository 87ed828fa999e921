package import FlareModel
import FlareStore

/// What a cron expression runs.
package enum ScheduleTarget: Sendable, Hashable {
    /// The `scheduled` handler of a Worker.
    case worker(String)
    /// A workflow: each time begins an instance.
    case workflow(String)

    package var name: String {
        switch self {
        case .worker(let name), .workflow(let name): name
        }
    }

    var kind: String {
        switch self {
        case .worker: "worker"
        case .workflow: "workflow"
        }
    }

    /// The group of commands that knows it.
    var group: String { kind + "s" }

    fileprivate init(kind: String, name: String) {
        self = kind == "worker" ? .worker(name) : .workflow(name)
    }
}

extension ScheduleTarget: CustomStringConvertible {
    package var description: String {
        switch self {
        case .worker(let name): "the Worker \"\(name)\""
        case .workflow(let name): "workflow \"\(name)\""
        }
    }
}

/// Who set a schedule.
package enum ScheduleSource: String, Sendable {
    /// A deploy, whose successors may take it away.
    case config
    /// A command or a call of the API; deploys leave it alone.
    case command
}

/// A row of `schedules`: a cron expression and what it runs.
package struct ScheduleRecord: Sendable {
    package let target: ScheduleTarget
    package let cron: CronExpression
    package var source: ScheduleSource
    package var catchUp: ScheduleCatchUp
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp
    /// The next time that will be run.
    package var nextAt: Timestamp
    /// Nothing up to this time is run: whether it was is no longer known.
    var prunedAt: Timestamp?
    package var missed: MissedTimesBody?

    init(
        target: ScheduleTarget,
        cron: CronExpression,
        source: ScheduleSource,
        catchUp: ScheduleCatchUp = .none,
        at now: Timestamp
    ) {
        self.target = target
        self.cron = cron
        self.source = source
        self.catchUp = catchUp
        createdAt = now
        modifiedAt = now
        nextAt = cron.next(after: now)
    }
}

extension ScheduleRecord {
    private static let columns = """
        kind, target, cron, source, catch_up, created_at, modified_at, next_at, pruned_at, missed,
            missed_from, missed_to
        """

    private init(_ row: SQLRow) throws {
        target = ScheduleTarget(kind: row.text(0), name: row.text(1))
        guard let cron = try? CronExpression(row.text(2)), let source = ScheduleSource(rawValue: row.text(3)),
            let catchUp = ScheduleCatchUp(rawValue: row.text(4))
        else { throw FlareError(.corruptStore, "the schedule \"\(row.text(2))\" of \(row.text(1)) cannot be read") }
        self.cron = cron
        self.source = source
        self.catchUp = catchUp
        createdAt = row.time(5)
        modifiedAt = row.time(6)
        nextAt = row.time(7)
        prunedAt = row.optionalTime(8)
        if let from = row.optionalTime(10), let to = row.optionalTime(11) {
            missed = MissedTimesBody(count: row.int(9), from: from, to: to)
        }
    }

    static func find(
        _ target: ScheduleTarget,
        _ cron: CronExpression,
        in transaction: Transaction
    ) throws -> ScheduleRecord? {
        try transaction.row(
            "SELECT \(columns) FROM schedules WHERE kind = ? AND target = ? AND cron_key = ?",
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            decode: ScheduleRecord.init
        )
    }

    static func list(of target: ScheduleTarget, in transaction: Transaction) throws -> [ScheduleRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM schedules WHERE kind = ? AND target = ? ORDER BY created_at, cron_key LIMIT 1000",
            .text(target.kind),
            .text(target.name),
            decode: ScheduleRecord.init
        )
    }

    /// All schedules of workflows, or of Workers.
    static func list(kind: String, in transaction: Transaction) throws -> [ScheduleRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM schedules WHERE kind = ? ORDER BY target, created_at, cron_key LIMIT 10000",
            .text(kind),
            decode: ScheduleRecord.init
        )
    }

    static func due(at now: Timestamp, limit: Int, in transaction: Transaction) throws -> [ScheduleRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM schedules WHERE next_at <= ? ORDER BY next_at, kind, target, cron_key LIMIT ?",
            .integer(now.milliseconds),
            .integer(Int64(limit)),
            decode: ScheduleRecord.init
        )
    }

    /// Those whose next time is still to come.
    static func waiting(at now: Timestamp, in transaction: Transaction) throws -> [ScheduleRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM schedules WHERE next_at > ? LIMIT 100000",
            .integer(now.milliseconds),
            decode: ScheduleRecord.init
        )
    }

    static func nextTime(in transaction: Transaction) throws -> Timestamp? {
        try transaction.row("SELECT MIN(next_at) FROM schedules", decode: { $0.optionalTime(0) }) ?? nil
    }

    /// Inserts the schedule, or replaces the one of the same target and times.
    func save(in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO schedules (kind, target, cron_key, cron, source, catch_up, created_at, modified_at, next_at,
                pruned_at, missed, missed_from, missed_to)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind, target, cron_key) DO UPDATE SET cron = excluded.cron, source = excluded.source,
                catch_up = excluded.catch_up, modified_at = excluded.modified_at, next_at = excluded.next_at,
                pruned_at = excluded.pruned_at, missed = excluded.missed, missed_from = excluded.missed_from,
                missed_to = excluded.missed_to
            """,
            .text(target.kind),
            .text(target.name),
            .text(cron.key),
            .text(cron.text),
            .text(source.rawValue),
            .text(catchUp.rawValue),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds),
            .integer(nextAt.milliseconds),
            prunedAt.map { .integer($0.milliseconds) } ?? .null,
            .integer(Int64(missed?.count ?? 0)),
            missed.map { .integer($0.from.milliseconds) } ?? .null,
            missed.map { .integer($0.to.milliseconds) } ?? .null
        )
    }

    func delete(in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM schedules WHERE kind = ? AND target = ? AND cron_key = ?",
            .text(target.kind),
            .text(target.name),
            .text(cron.key)
        )
    }

    /// Deletes the schedules of what is being deleted, with all that is remembered of their runs.
    static func deleteAll(of target: ScheduleTarget, in transaction: Transaction) throws {
        for table in ["schedules", "schedule_runs"] {
            try transaction.execute(
                "DELETE FROM \(table) WHERE kind = ? AND target = ?",
                .text(target.kind),
                .text(target.name)
            )
        }
    }
}

import FlareModel
import FlareStore
import FlareWorkers

/// A step's identity within a run: kind, name and occurrence.
///
/// Never its duration or the time.
struct StepKey: Sendable, Hashable {
    var kind: StepKind
    var name: String
    var occurrence: Int

    init(_ kind: StepKind, _ name: StepCall.StepName) {
        self.init(kind: kind, name: name.name, occurrence: name.occurrence)
    }

    init(kind: StepKind, name: String, occurrence: Int) {
        self.kind = kind
        self.name = name
        self.occurrence = occurrence
    }

    /// Whether the name can be one: not empty, not too long, without control characters.
    var isSound: Bool {
        !name.isEmpty && name.utf8.count <= bytesMax && occurrence >= 1
            && name.utf8.allSatisfy { $0 >= 32 && $0 != 127 }
    }

    /// The most bytes that the name may have.
    ///
    /// That of a nested step carries those of the steps around it: `outer#1 > inner`.
    var bytesMax: Int { Limits.workflowStepNameBytesMax * (name.contains(" > ") ? 8 : 4) }

    /// The step as the API and the log name it.
    var label: String { "\(name)-\(occurrence)" }
}

extension StepConfig {
    private static let standardStored = FlareJSON.encode(StepConfig.standard)

    /// As it is kept in the step's row; most steps have the standard one.
    var stored: [UInt8] { self == .standard ? Self.standardStored : FlareJSON.encode(self) }
}

/// A step of a run.
///
/// Its value is read apart.
struct StepRecord: Sendable {
    enum Status: String, Sendable {
        /// An attempt runs.
        case running
        /// It sleeps, waits for its event, or for its next attempt.
        case waiting
        case complete
        case failed
    }

    var sequence: Int64
    var key: StepKey
    var parent: StepCall.StepName?
    var status: Status
    /// Of `do` steps and rollbacks.
    var config: StepConfig?
    /// Of `wait` steps.
    var eventType: String?
    var attempts: Int
    var failures: Int
    /// When a sleep ends, a wait gives up, or the next attempt may begin.
    var dueAt: Timestamp?
    var startedAt: Timestamp
    var endedAt: Timestamp?
    var error: JavaScriptError?
    /// Whether its result is shown to nobody but the code.
    var isSensitive = false
    /// Whether its code has offered a handler that undoes it.
    var hasRollback = false
    /// The length of a result that is a stream; its bytes are chunks.
    var streamBytes: Int64?

    var isFinished: Bool { status == .complete || status == .failed }

    /// The rules of a `do` step or a rollback in its present phase.
    var state: StepState {
        let phase: StepState.Phase =
            switch status {
            case .running: .running
            case .waiting: .ready(at: dueAt)
            case .complete: .complete
            case .failed: .failed
            }
        return StepState(config: config ?? .standard, attempts: attempts, failures: failures, phase: phase)
    }
}

extension StepRecord {
    private static let columns = """
        seq, kind, name, n, parent_name, parent_n, status, config, event_type, attempts, failures, due_at,
            started_at, ended_at, error, is_sensitive, has_rollback, stream_bytes
        """

    private init(_ row: SQLRow) throws {
        guard let kind = StepKind(rawValue: row.text(1)), let status = Status(rawValue: row.text(6)) else {
            throw FlareError(.corruptStore, "step \"\(row.text(2))\" has a state that does not exist")
        }
        self.init(
            sequence: row.integer(0),
            key: StepKey(kind: kind, name: row.text(2), occurrence: row.int(3)),
            parent: row.optionalText(4).map { StepCall.StepName(name: $0, occurrence: row.int(5)) },
            status: status,
            config: try row.optionalBlob(7).map { try FlareJSON.decode(StepConfig.self, from: $0) },
            eventType: row.optionalText(8),
            attempts: row.int(9),
            failures: row.int(10),
            dueAt: row.optionalTime(11),
            startedAt: row.time(12),
            endedAt: row.optionalTime(13),
            error: try storedError(row, 14),
            isSensitive: row.int(15) == 1,
            hasRollback: row.int(16) == 1,
            streamBytes: row.optionalInteger(17)
        )
    }

    static func find(_ key: StepKey, of run: RunKey, in transaction: Transaction) throws -> StepRecord? {
        try transaction.row(
            "SELECT \(columns) FROM workflow_steps WHERE instance = ? AND run = ? AND kind = ? AND name = ? AND n = ?",
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(key.kind.rawValue),
            .text(key.name),
            .integer(Int64(key.occurrence)),
            decode: StepRecord.init
        )
    }

    /// All steps of a run in the order of their start.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [StepRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM workflow_steps WHERE instance = ? AND run = ? ORDER BY seq",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: StepRecord.init
        )
    }

    /// The finished steps of a run in the order in which they finished.
    static func finished(of run: RunKey, in transaction: Transaction) throws -> [StepRecord] {
        try transaction.rows(
            """
            SELECT \(columns) FROM workflow_steps
            WHERE instance = ? AND run = ? AND finish_order IS NOT NULL ORDER BY finish_order
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: StepRecord.init
        )
    }

    /// Sleeps and waits whose time has come, in the order of their times.
    static func due(of run: RunKey, at now: Timestamp, in transaction: Transaction) throws -> [StepRecord] {
        try transaction.rows(
            """
            SELECT \(columns) FROM workflow_steps
            WHERE instance = ? AND run = ? AND status = 'waiting' AND kind IN ('sleep', 'wait') AND due_at <= ?
            ORDER BY due_at, seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .integer(now.milliseconds),
            decode: StepRecord.init
        )
    }

    /// The steps of which an attempt runs.
    static func running(of run: RunKey, in transaction: Transaction) throws -> [StepRecord] {
        try transaction.rows(
            "SELECT \(columns) FROM workflow_steps WHERE instance = ? AND run = ? AND status = 'running' ORDER BY seq",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: StepRecord.init
        )
    }

    /// The step that has waited longest for an event of this type.
    static func waiting(for type: String, of run: RunKey, in transaction: Transaction) throws -> StepRecord? {
        try transaction.row(
            """
            SELECT \(columns) FROM workflow_steps
            WHERE instance = ? AND run = ? AND status = 'waiting' AND event_type = ? ORDER BY seq LIMIT 1
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(type),
            decode: StepRecord.init
        )
    }

    static func count(of run: RunKey, in transaction: Transaction) throws -> Int {
        try transaction.row(
            "SELECT COUNT(*) FROM workflow_steps WHERE instance = ? AND run = ? AND kind IN ('do', 'wait')",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { $0.int(0) }
        ) ?? 0
    }

    /// Tagged JSON of what a finished step returned.
    static func value(_ sequence: Int64, in transaction: Transaction) throws -> [UInt8] {
        try transaction.row(
            "SELECT value FROM workflow_steps WHERE seq = ?",
            .integer(sequence),
            decode: { $0.blob(0) }
        ) ?? []
    }

    /// Inserts a step that is first asked for; fills its `sequence`.
    mutating func insert(into run: RunKey, in transaction: Transaction) throws {
        let inserted = try transaction.row(
            """
            INSERT INTO workflow_steps
                (instance, run, kind, name, n, parent_name, parent_n, status, config, event_type, due_at, started_at,
                is_sensitive, has_rollback)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(key.kind.rawValue),
            .text(key.name),
            .integer(Int64(key.occurrence)),
            SQLValue(parent?.name),
            SQLValue(parent?.occurrence),
            .text(status.rawValue),
            config.map { .blob($0.stored) } ?? .null,
            SQLValue(eventType),
            dueAt.map { .integer($0.milliseconds) } ?? .null,
            .integer(startedAt.milliseconds),
            .integer(isSensitive ? 1 : 0),
            .integer(hasRollback ? 1 : 0),
            decode: { $0.integer(0) }
        )
        sequence = inserted ?? 0
    }

    /// Inserts a `do` step that is complete already, in its place in the journal.
    ///
    /// Returns its key in the database.
    static func insertComplete(
        _ begun: BegunStep,
        _ value: [UInt8],
        of run: RunKey,
        order: Int64,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Int64 {
        try transaction.requireRoom(for: value.count, leaving: .finishing)
        return try transaction.row(
            """
            INSERT INTO workflow_steps
                (instance, run, kind, name, n, status, config, started_at, is_sensitive, has_rollback, attempts,
                value, ended_at, finish_order)
            VALUES (?, ?, 'do', ?, ?, 'complete', ?, ?, ?, ?, 1, ?, ?, ?) RETURNING seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(begun.key.name),
            .integer(Int64(begun.key.occurrence)),
            .blob(begun.config.stored),
            .integer(begun.startedAt.milliseconds),
            .integer(begun.configuration.isSensitive ? 1 : 0),
            .integer(begun.configuration.hasRollback ? 1 : 0),
            .blob(value),
            .integer(now.milliseconds),
            .integer(order),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// Whether a step of the run has a handler that can undo it.
    static func hasRollbacks(of run: RunKey, in transaction: Transaction) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM workflow_steps WHERE instance = ? AND run = ? AND has_rollback = 1 LIMIT 1",
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { _ in true }
        ) ?? false
    }

    /// The `do` steps that have begun and have no result yet.
    static func unfinished(of run: RunKey, in transaction: Transaction) throws -> [StepKey] {
        try transaction.rows(
            """
            SELECT name, n FROM workflow_steps
            WHERE instance = ? AND run = ? AND kind = 'do' AND finish_order IS NULL
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { StepKey(kind: .do, name: $0.text(0), occurrence: $0.int(1)) }
        )
    }

    /// Writes the phase of an unfinished `do` step.
    mutating func apply(_ state: StepState, in transaction: Transaction) throws {
        attempts = state.attempts
        failures = state.failures
        switch state.phase {
        case .ready(let due): (status, dueAt) = (.waiting, due)
        case .running: (status, dueAt) = (.running, nil)
        case .complete, .failed: preconditionFailure("a finished step is written with its result")
        }
        try transaction.execute(
            "UPDATE workflow_steps SET status = ?, attempts = ?, failures = ?, due_at = ? WHERE seq = ?",
            .text(status.rawValue),
            .integer(Int64(attempts)),
            .integer(Int64(failures)),
            dueAt.map { .integer($0.milliseconds) } ?? .null,
            .integer(sequence)
        )
    }

    /// Writes the end of a step: its value or the error that it leaves, and its place in the journal.
    func finish(
        _ ending: StepLedger.Ending,
        _ failure: JavaScriptError?,
        attempts state: StepState? = nil,
        of run: RunKey,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        if case .value(let value) = ending { try transaction.requireRoom(for: value.count, leaving: .finishing) }
        let order = try RunRecord.nextFinishOrder(run, in: transaction)
        let (value, bytes): (SQLValue, SQLValue) =
            switch ending {
            case .value(let value) where failure == nil: (.blob(value), .null)
            case .stream(let bytes): (.null, .integer(bytes))
            case .value, .error: (.null, .null)
            }
        try transaction.execute(
            """
            UPDATE workflow_steps
            SET status = ?, value = ?, stream_bytes = ?, error = ?, due_at = NULL, ended_at = ?, finish_order = ?,
                attempts = ?, failures = ? WHERE seq = ?
            """,
            .text((failure == nil ? Status.complete : .failed).rawValue),
            value,
            bytes,
            failure.map { .blob($0.json.jsonBytes) } ?? .null,
            .integer(now.milliseconds),
            .integer(order),
            .integer(Int64(state?.attempts ?? attempts)),
            .integer(Int64(state?.failures ?? failures)),
            .integer(sequence)
        )
    }

    /// Moves everything that a run's steps wait for into the future.
    static func postpone(of run: RunKey, by milliseconds: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE workflow_steps SET due_at = due_at + ?
            WHERE instance = ? AND run = ? AND status = 'waiting' AND due_at IS NOT NULL
            """,
            .integer(milliseconds),
            .integer(run.instance),
            .integer(Int64(run.run))
        )
    }
}

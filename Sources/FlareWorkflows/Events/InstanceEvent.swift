import FlareModel
import FlareStore
import FlareWorkers

/// One line of an instance's log as the vendor's platform tells it to those who subscribe.
///
/// `{"instanceId", "eventId", "timestamp", "type", "run", …}`; what follows depends on the type.
struct InstanceEvent {
    private let line: InstanceLogBody
    private let transaction: Transaction
    private let instance: InstanceRecord

    /// The types that one can ask for: those of the log, and `workflow_started` for the first `workflow_running` of a
    /// run.
    static let types = LogRecord.Kind.allCases.map(\.rawValue) + [startedType]

    private static let startedType = "workflow_started"

    init(_ line: InstanceLogBody, of instance: InstanceRecord, in transaction: Transaction) {
        self.line = line
        self.instance = instance
        self.transaction = transaction
    }

    /// Whether a line may become an event of one of these types; none stand for all.
    static func mayBe(_ types: Set<String>, _ line: InstanceLogBody) -> Bool {
        types.isEmpty || types.contains(line.type)
            || line.type == LogRecord.Kind.workflowRunning.rawValue && types.contains(startedType)
    }

    /// The event; nil when it is of none of these types.
    func body(_ types: Set<String>) throws -> JSONValue? {
        var type = line.type
        if type == LogRecord.Kind.workflowRunning.rawValue,
            try !WatchedRecord.hasLine(line.type, before: line.cursor, of: run, in: transaction)
        {
            type = Self.startedType
        }
        guard types.isEmpty || types.contains(type) else { return nil }
        var members: [String: JSONValue] = [
            "instanceId": .string(instance.id), "eventId": .string("\(line.cursor)"),
            "timestamp": .string(line.timestamp.text), "type": .string(type), "run": .integer(Int64(line.run)),
        ]
        members["stepName"] = line.step.map { .string($0) }
        members["attempt"] = line.attempt.map { .integer(Int64($0)) }
        members["level"] = line.level.map { .string($0) }
        members["error"] = line.error.map(Self.error)
        members.merge(try details(type)) { $1 }
        return .object(members)
    }

    private func details(_ type: String) throws -> [String: JSONValue] {
        let length = line.dueAt.map { ($0 - line.timestamp).milliseconds }
        let message = line.message.map { JSONValue.string($0) }
        switch type {
        case Self.startedType:
            return ["params": TaggedJSON.plain(try RunHistoryRecord.params(of: run, in: transaction))]
        case "workflow_completed":
            let result = try RunRecord.result(run, in: transaction)
            return ["output": result.output.map { TaggedJSON.plain($0) } ?? .null]
        case "step_started", "rollback_step_started":
            guard let config = try step()?.config else { return [:] }
            return ["config": try JSONValue(json: config)]
        case "step_completed", "wait_completed":
            return try step().map { ["output": $0.output] } ?? [:]
        case "attempt_errored", "attempt_timed_out", "rollback_attempt_errored", "rollback_attempt_timed_out":
            return length.map { ["retryDelayMs": .integer($0)] } ?? [:]
        case "sleep_started":
            return length.map { ["durationMs": .integer($0)] } ?? [:]
        case "wait_started":
            return ["eventType": message, "timeoutMs": length.map { .integer($0) }].compactMapValues { $0 }
        case "event_received":
            return ["eventType": message].compactMapValues { $0 }
        default:
            let due = line.dueAt.map { JSONValue.string($0.text) }
            return ["message": message, "dueAt": due].compactMapValues { $0 }
        }
    }

    private var run: RunKey { RunKey(instance: instance.sequence, run: line.run) }

    private func step() throws -> WatchedRecord.Step? {
        guard let (name, occurrence) = line.step.flatMap(Self.parts) else { return nil }
        return try WatchedRecord.step(kind, name, occurrence, of: run, in: transaction)
    }

    /// The name and the occurrence in a label, `read objects-1`.
    private static func parts(_ label: String) -> (name: String, occurrence: Int)? {
        guard let dash = label.lastIndex(of: "-"), let occurrence = Int(label[label.index(after: dash)...]) else {
            return nil
        }
        return (String(label[..<dash]), occurrence)
    }

    /// The kind of step that the line is about.
    private var kind: String {
        switch line.type.prefix(while: { $0 != "_" }) {
        case "rollback": "rollback"
        case "wait": "wait"
        case "sleep": "sleep"
        default: "do"
        }
    }

    private static func error(_ error: StepErrorBody) -> JSONValue {
        .object(["name": .string(error.name), "message": .string(error.message)])
    }
}

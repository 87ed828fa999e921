import FlareModel
import FlareStore
import FlareWorkers

/// The history of a run as one JSON document, which `verify` reads again.
///
/// `{"format": "flare.workflow-history", "version": 1, …}`: facts of the run, `params`, `steps` in the order of the
/// journal with the unfinished ones behind, `output` or `error`, and `notes`. Values are tagged JSON, copied as they
/// are stored, so that the order of their keys is kept; `undefined` is left out.
struct HistoryDocument {
    static let format = "flare.workflow-history"
    static let version = 1

    private var text: [UInt8] = []

    /// Writes the document of a run.
    ///
    /// Outputs of sensitive steps and results that are streams are marked as `withheld`.
    static func write(
        _ instance: InstanceRecord,
        showsSensitive: Bool,
        in transaction: Transaction
    ) throws -> [UInt8] {
        let workflow = try WorkflowRecord.find(instance.workflowID, in: transaction)
        let version = try WorkflowVersionRecord.find(instance.versionID, in: transaction)
        let result = try RunRecord.result(instance.key, in: transaction)
        let params = try RunHistoryRecord.params(of: instance.key, in: transaction)
        let steps = try HistoryStep.list(of: instance.key, in: transaction)
        let facts: [(String, JSONValue?)] = [
            ("format", .string(format)), ("version", .integer(Int64(Self.version))),
            ("workflow", .string(workflow?.name ?? instance.workflowID)),
            ("class", (version?.className).map { .string($0) }), ("worker", (version?.worker).map { .string($0) }),
            ("worker_version", (version?.workerVersion).map { .string($0) }),
            ("version_id", .string(instance.versionID)), ("instance", .string(instance.id)),
            ("run", .integer(Int64(instance.run))), ("trigger", .string(instance.triggerSource.rawValue)),
            ("created", .string(instance.createdAt.text)), ("started", instance.startedAt.map { .string($0.text) }),
            ("ended", instance.endedAt.map { .string($0.text) }), ("status", .string(instance.status.rawValue)),
        ]
        var document = HistoryDocument()
        document.text += Array("{\n".utf8)
        for (key, value) in facts { if let value { document.member(key, value.jsonBytes) } }
        if !params.isEmpty { document.member("params", params) }
        document.steps(steps, showsSensitive: showsSensitive)
        if let output = result.output, !output.isEmpty { document.member("output", output) }
        if let error = result.error { document.member("error", error.json.jsonBytes) }
        let notes = try LogRecord.warnings(of: instance.key, in: transaction)
        document.member("notes", JSONValue.array(notes.map { .string($0) }).jsonBytes, isLast: true)
        return document.text + Array("}\n".utf8)
    }

    private mutating func member(_ key: String, _ value: [UInt8], isLast: Bool = false) {
        text += Array("  ".utf8) + JSONValue.string(key).jsonBytes + Array(": ".utf8) + value
        text += Array((isLast ? "\n" : ",\n").utf8)
    }

    private mutating func steps(_ steps: [HistoryStep], showsSensitive: Bool) {
        var lines: [UInt8] = []
        for (index, step) in steps.enumerated() {
            lines += Array((index == 0 ? "\n    " : ",\n    ").utf8) + step.json(showsSensitive: showsSensitive)
        }
        member("steps", Array("[".utf8) + lines + Array((steps.isEmpty ? "]" : "\n  ]").utf8))
    }
}

/// One step of a history, with its result.
private struct HistoryStep {
    var kind: String
    var name: String
    var occurrence: Int
    var parent: String?
    var status: String
    var eventType: String?
    var config: [UInt8]?
    var attempts: Int
    var startedAt: Timestamp
    var endedAt: Timestamp?
    var startOrder: Int64
    var finishOrder: Int64?
    var value: [UInt8]?
    var error: [UInt8]?
    var keptFrom: Int?
    var isPatched: Bool
    var isSensitive: Bool
    var isStream: Bool

    /// The steps of a run in the order of the journal, the unfinished ones behind in the order of their start.
    static func list(of run: RunKey, in transaction: Transaction) throws -> [HistoryStep] {
        try transaction.rows(
            """
            SELECT kind, name, n, parent_name, status, event_type, config, attempts, started_at, ended_at,
                ROW_NUMBER() OVER (ORDER BY seq), finish_order, value, error, kept_from, is_patched, is_sensitive,
                stream_bytes IS NOT NULL
            FROM workflow_steps WHERE instance = ? AND run = ? AND kind <> 'rollback'
            ORDER BY finish_order IS NULL, finish_order, seq
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            decode: { row in
                HistoryStep(
                    kind: row.text(0),
                    name: row.text(1),
                    occurrence: row.int(2),
                    parent: row.optionalText(3),
                    status: row.text(4),
                    eventType: row.optionalText(5),
                    config: row.optionalBlob(6),
                    attempts: row.int(7),
                    startedAt: row.time(8),
                    endedAt: row.optionalTime(9),
                    startOrder: row.integer(10),
                    finishOrder: row.optionalInteger(11),
                    value: row.optionalBlob(12),
                    error: row.optionalBlob(13),
                    keptFrom: row.optionalInt(14),
                    isPatched: row.bool(15),
                    isSensitive: row.bool(16),
                    isStream: row.bool(17)
                )
            }
        )
    }

    func json(showsSensitive: Bool) -> [UInt8] {
        let isWithheld = isStream || (isSensitive && !showsSensitive)
        let members: [(String, [UInt8]?)] = [
            ("kind", JSONValue.string(kind).jsonBytes), ("name", JSONValue.string(name).jsonBytes),
            ("count", Self.bytes(occurrence)), ("parent", parent.map { JSONValue.string($0).jsonBytes }),
            ("status", JSONValue.string(status).jsonBytes), ("start_order", Self.bytes(startOrder)),
            ("finish_order", finishOrder.map(Self.bytes)), ("attempts", Self.bytes(attempts)),
            ("started", JSONValue.string(startedAt.text).jsonBytes),
            ("ended", endedAt.map { JSONValue.string($0.text).jsonBytes }),
            ("event_type", eventType.map { JSONValue.string($0).jsonBytes }), ("config", config),
            ("kept_from", keptFrom.map(Self.bytes)), ("patched", isPatched ? Array("true".utf8) : nil),
            ("withheld", isWithheld && finishOrder != nil ? Array("true".utf8) : nil),
            ("value", isWithheld || value?.isEmpty == true ? nil : value), ("error", error),
        ]
        let parts = members.compactMap { key, value in value.map { Array("\"\(key)\":".utf8) + $0 } }
        return Array("{".utf8) + Array(parts.joined(separator: Array(",".utf8))) + Array("}".utf8)
    }

    private static func bytes(_ number: some BinaryInteger) -> [UInt8] { Array("\(number)".utf8) }
}

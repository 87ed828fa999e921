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
        let steps = try HistoryStepRecord.list(of: instance.key, in: transaction)
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

    private mutating func steps(_ steps: [HistoryStepRecord], showsSensitive: Bool) {
        var lines: [UInt8] = []
        for (index, step) in steps.enumerated() {
            lines += Array((index == 0 ? "\n    " : ",\n    ").utf8) + step.json(showsSensitive: showsSensitive)
        }
        member("steps", Array("[".utf8) + lines + Array((steps.isEmpty ? "]" : "\n  ]").utf8))
    }
}

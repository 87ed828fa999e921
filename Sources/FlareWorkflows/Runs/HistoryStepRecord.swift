import FlareModel
import FlareStore

/// One step of a history, with its result.
struct HistoryStepRecord {
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
    static func list(of run: RunKey, in transaction: Transaction) throws -> [HistoryStepRecord] {
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
                HistoryStepRecord(
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

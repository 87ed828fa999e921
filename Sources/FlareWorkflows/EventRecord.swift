import FlareModel
import FlareStore
import FlareWorkers

/// An event that was sent to an instance and that no step has asked for yet.
struct EventRecord: Sendable {
    var type: String
    /// Tagged JSON.
    var payload: [UInt8]
    var sentAt: Timestamp

    /// Takes the oldest event of a type out of the buffer, so that no second wait can receive it.
    static func take(_ type: String, of instance: Int64, in transaction: Transaction) throws -> EventRecord? {
        try transaction.row(
            """
            DELETE FROM workflow_events WHERE seq =
                (SELECT seq FROM workflow_events WHERE instance = ? AND type = ? ORDER BY seq LIMIT 1)
            RETURNING type, payload, sent_at
            """,
            .integer(instance),
            .text(type),
            decode: { EventRecord(type: $0.text(0), payload: $0.blob(1), sentAt: $0.time(2)) }
        )
    }

    /// Whether an event of a type waits to be taken.
    static func isThere(_ type: String, for instance: Int64, in transaction: Transaction) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM workflow_events WHERE instance = ? AND type = ? LIMIT 1",
            .integer(instance),
            .text(type),
            decode: { _ in true }
        ) ?? false
    }

    static func count(of instance: Int64, in transaction: Transaction) throws -> Int {
        try transaction.row(
            "SELECT COUNT(*) FROM workflow_events WHERE instance = ?",
            .integer(instance),
            decode: { $0.int(0) }
        ) ?? 0
    }

    func insert(for instance: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO workflow_events (instance, type, payload, sent_at) VALUES (?, ?, ?, ?)",
            .integer(instance),
            .text(type),
            .blob(payload),
            .integer(sentAt.milliseconds)
        )
    }

    /// What `step.waitForEvent` returns, as tagged JSON.
    var value: [UInt8] {
        let payload = payload.isEmpty ? Array(#"{"$":"undefined"}"#.utf8) : payload
        return Array(#"{"payload":"#.utf8) + payload
            + Array(#","timestamp":{"$":"Date","v":"\#(sentAt.text)"},"type":"#.utf8)
            + JSONValue.string(type).jsonBytes + Array("}".utf8)
    }
}

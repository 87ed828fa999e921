import FlareModel
import FlareStore

extension InstanceRecord {
    /// `{cron, scheduledTime}` of an instance that a schedule began.
    static func schedule(of sequence: Int64, in transaction: Transaction) throws -> JSONValue? {
        let text = try transaction.row(
            "SELECT schedule FROM workflow_instances WHERE seq = ?",
            .integer(sequence),
            decode: { $0.optionalText(0) }
        )
        return try text.flatMap(\.self).map { try JSONValue(json: $0.utf8) }
    }

    static func setSchedule(_ schedule: JSONValue, of sequence: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE workflow_instances SET schedule = ? WHERE seq = ?",
            .text(String(decoding: schedule.jsonBytes, as: UTF8.self)),
            .integer(sequence)
        )
    }
}

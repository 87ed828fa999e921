package import FlareModel
import FlareStore

/// A row of `notification_rules`.
package struct NotificationRuleRecord: Sendable, Hashable {
    /// 32 hexadecimal digits.
    package var id: String
    package var bucket: String
    package var queueID: String
    package var rule: NotificationRule
    package var description: String
    package var createdAt: Timestamp
    /// The Worker whose configuration the rule stands in; nil for one that was made by command.
    package var worker: String?

    private static let columns = "id, bucket, queue_id, prefix, suffix, actions, description, created_at, worker"

    init(
        id: String,
        bucket: String,
        queueID: String,
        rule: NotificationRule,
        description: String,
        createdAt: Timestamp,
        worker: String? = nil
    ) {
        self.id = id
        self.bucket = bucket
        self.queueID = queueID
        self.rule = rule
        self.description = description
        self.createdAt = createdAt
        self.worker = worker
    }

    private init(_ row: SQLRow) {
        id = row.text(0)
        bucket = row.text(1)
        queueID = row.text(2)
        rule = NotificationRule(
            prefix: row.text(3),
            suffix: row.text(4),
            actions: Set(row.text(5).split(separator: ",").compactMap { ObjectAction(rawValue: String($0)) })
        )
        description = row.text(6)
        createdAt = row.time(7)
        worker = row.optionalText(8)
    }

    func insert(in tx: Transaction) throws {
        let actions = ObjectAction.allCases.filter(rule.actions.contains).map(\.rawValue).joined(separator: ",")
        try tx.execute(
            "INSERT INTO notification_rules (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(id),
            .text(bucket),
            .text(queueID),
            .text(rule.prefix),
            .text(rule.suffix),
            .text(actions),
            .text(description),
            .integer(createdAt.milliseconds),
            SQLValue(worker)
        )
    }

    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM notification_rules WHERE id = ?", .text(id))
    }

    /// The rules of a bucket, oldest first.
    ///
    /// At most `Limits.notificationRulesMax`.
    static func rules(of bucket: String, in tx: Transaction) throws -> [NotificationRuleRecord] {
        try tx.rows(
            "SELECT \(columns) FROM notification_rules WHERE bucket = ? ORDER BY created_at, id",
            .text(bucket),
            decode: NotificationRuleRecord.init
        )
    }

    /// The rules of any bucket that target a queue.
    ///
    /// At most 1000.
    static func rules(targeting queueID: String, in tx: Transaction) throws -> [NotificationRuleRecord] {
        try tx.rows(
            "SELECT \(columns) FROM notification_rules WHERE queue_id = ? ORDER BY bucket, created_at, id LIMIT 1000",
            .text(queueID),
            decode: NotificationRuleRecord.init
        )
    }

    /// The rules that stand in the configuration of a Worker, oldest first.
    static func rules(ofWorker worker: String, in tx: Transaction) throws -> [NotificationRuleRecord] {
        try tx.rows(
            "SELECT \(columns) FROM notification_rules WHERE worker = ? ORDER BY created_at, id",
            .text(worker),
            decode: NotificationRuleRecord.init
        )
    }
}

package import FlareModel
import FlareStore

/// A row of `queue_subscriptions`: a queue that is told of events.
package struct SubscriptionRecord: Sendable, Hashable {
    /// 32 hexadecimal digits.
    package let id: String
    package var queueID: String
    package var name: String
    package var isEnabled: Bool
    package let source: SubscriptionSource
    /// The Worker or the workflow; nil for all.
    package let subject: String?
    package var events: [String]
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp

    private static let columns = """
        id, queue_id, name, enabled, source, subject, events, created_at, modified_at
        """

    init(
        id: String,
        queueID: String,
        name: String,
        isEnabled: Bool,
        source: SubscriptionSource,
        subject: String?,
        events: [String],
        createdAt: Timestamp
    ) {
        self.id = id
        self.queueID = queueID
        self.name = name
        self.isEnabled = isEnabled
        self.source = source
        self.subject = subject
        self.events = events
        self.createdAt = createdAt
        modifiedAt = createdAt
    }

    private init(_ row: SQLRow) throws {
        guard let source = SubscriptionSource(rawValue: row.text(4)) else {
            throw FlareError(.corruptStore, "a subscription has the source \"\(row.text(4))\"")
        }
        id = row.text(0)
        queueID = row.text(1)
        name = row.text(2)
        isEnabled = row.bool(3)
        self.source = source
        subject = row.optionalText(5)
        events = row.text(6).split(separator: ",").map(String.init)
        createdAt = row.time(7)
        modifiedAt = row.time(8)
    }

    func insert(in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO queue_subscriptions (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(id),
            .text(queueID),
            .text(name),
            .integer(isEnabled ? 1 : 0),
            .text(source.rawValue),
            SQLValue(subject),
            .text(events.joined(separator: ",")),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds)
        )
    }

    func update(in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queue_subscriptions SET queue_id = ?, name = ?, enabled = ?, events = ?, modified_at = ? WHERE id = ?
            """,
            .text(queueID),
            .text(name),
            .integer(isEnabled ? 1 : 0),
            .text(events.joined(separator: ",")),
            .integer(modifiedAt.milliseconds),
            .text(id)
        )
    }

    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM queue_subscriptions WHERE id = ?", .text(id))
    }

    static func find(_ id: String, in tx: Transaction) throws -> SubscriptionRecord? {
        try tx.row(
            "SELECT \(columns) FROM queue_subscriptions WHERE id = ?",
            .text(id),
            decode: SubscriptionRecord.init
        )
    }

    /// All subscriptions, or those of one queue, oldest first: at most `Limits.subscriptionsMax`.
    static func all(queueID: String?, in tx: Transaction) throws -> [SubscriptionRecord] {
        guard let queueID else {
            return try tx.rows(
                "SELECT \(columns) FROM queue_subscriptions ORDER BY created_at, id",
                decode: SubscriptionRecord.init
            )
        }
        return try tx.rows(
            "SELECT \(columns) FROM queue_subscriptions WHERE queue_id = ? ORDER BY created_at, id",
            .text(queueID),
            decode: SubscriptionRecord.init
        )
    }

    /// The subscriptions that are told of what happens to a subject of a source, oldest first.
    static func listening(
        to source: SubscriptionSource,
        subject: String?,
        in tx: Transaction
    ) throws -> [SubscriptionRecord] {
        try tx.rows(
            """
            SELECT \(columns) FROM queue_subscriptions
            WHERE source = ? AND enabled = 1 AND (subject IS NULL OR subject = ?) ORDER BY created_at, id
            """,
            .text(source.rawValue),
            SQLValue(subject),
            decode: SubscriptionRecord.init
        )
    }

    /// The sources to which somebody has subscribed.
    static func sources(in tx: Transaction) throws -> Set<SubscriptionSource> {
        Set(
            try tx.rows("SELECT DISTINCT source FROM queue_subscriptions WHERE enabled = 1") {
                SubscriptionSource(rawValue: $0.text(0))
            }.compactMap { $0 }
        )
    }
}

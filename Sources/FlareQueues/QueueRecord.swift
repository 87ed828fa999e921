package import FlareModel
import FlareStore

/// A row of `queues`: one queue and its settings.
package struct QueueRecord: Sendable, Hashable {
    package let id: String
    /// The queue in the rows of messages.
    let number: Int64
    package var name: String
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp
    package var settings: QueueSettings
}

/// What can be set of a queue.
package struct QueueSettings: Sendable, Hashable {
    /// Seconds that a message without a delay of its own waits before it is delivered.
    package var deliveryDelaySeconds = 0
    /// While true, messages are accepted but not delivered.
    package var deliveryPaused = false
    /// Seconds after which a message that nobody acknowledged is removed.
    package var retentionSeconds = Limits.queueRetentionSecondsDefault

    package init() {}

    /// Throws `invalidArgument` when a setting is out of its range.
    package func validate() throws {
        guard (0...Limits.messageDelaySecondsMax).contains(deliveryDelaySeconds) else {
            throw FlareError(
                .invalidArgument,
                "a delivery delay of \(deliveryDelaySeconds) s is out of range",
                hint: "give 0 to \(Limits.messageDelaySecondsMax) seconds"
            ).numbered(100_128)
        }
        let retention = Limits.queueRetentionSeconds
        guard retention.contains(retentionSeconds) else {
            throw FlareError(
                .invalidArgument,
                "a message retention of \(retentionSeconds) s is out of range",
                hint: "give \(retention.lowerBound) to \(retention.upperBound) seconds"
            ).numbered(100_128)
        }
    }
}

extension QueueRecord {
    private static let columns = "id, name, created_at, modified_at, delivery_delay, delivery_paused, retention, number"

    private init(_ row: SQLRow) {
        id = row.text(0)
        name = row.text(1)
        createdAt = row.time(2)
        modifiedAt = row.time(3)
        settings = QueueSettings()
        settings.deliveryDelaySeconds = row.int(4)
        settings.deliveryPaused = row.bool(5)
        settings.retentionSeconds = row.int(6)
        number = row.integer(7)
    }

    static func find(id: String, in tx: Transaction) throws -> QueueRecord? {
        try tx.row("SELECT \(columns) FROM queues WHERE id = ?", .text(id), decode: QueueRecord.init)
    }

    static func find(name: String, in tx: Transaction) throws -> QueueRecord? {
        try tx.row("SELECT \(columns) FROM queues WHERE name = ?", .text(name), decode: QueueRecord.init)
    }

    static func find(number: Int64, in tx: Transaction) throws -> QueueRecord? {
        try tx.row("SELECT \(columns) FROM queues WHERE number = ?", .integer(number), decode: QueueRecord.init)
    }

    static func all(in tx: Transaction) throws -> [QueueRecord] {
        try tx.rows("SELECT \(columns) FROM queues ORDER BY name", decode: QueueRecord.init)
    }

    static func count(in tx: Transaction) throws -> Int {
        try tx.row("SELECT count(*) FROM queues") { $0.int(0) } ?? 0
    }

    /// A number that no queue has.
    static func freeNumber(in tx: Transaction) throws -> Int64 {
        try tx.row("SELECT coalesce(max(number), 0) + 1 FROM queues") { $0.integer(0) } ?? 1
    }

    func insert(in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO queues (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            .text(id),
            .text(name),
            .integer(createdAt.milliseconds),
            .integer(modifiedAt.milliseconds),
            SQLValue(settings.deliveryDelaySeconds),
            .integer(settings.deliveryPaused ? 1 : 0),
            SQLValue(settings.retentionSeconds),
            .integer(number)
        )
        try tx.execute("INSERT INTO queue_counters (queue_id) VALUES (?)", .text(id))
    }

    func update(in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queues SET name = ?, modified_at = ?, delivery_delay = ?, delivery_paused = ?, retention = ?
            WHERE id = ?
            """,
            .text(name),
            .integer(modifiedAt.milliseconds),
            SQLValue(settings.deliveryDelaySeconds),
            .integer(settings.deliveryPaused ? 1 : 0),
            SQLValue(settings.retentionSeconds),
            .text(id)
        )
    }

    /// Removes the queue with its counters, producers and whatever messages are left.
    ///
    /// Its consumer must be gone.
    func delete(in tx: Transaction) throws {
        try SpanRecord.deleteAll(of: number, tx)
        try tx.execute("DELETE FROM queue_imports WHERE queue = ?", .integer(number))
        try tx.execute("DELETE FROM queue_producers WHERE queue_id = ?", .text(id))
        try tx.execute("DELETE FROM queue_counters WHERE queue_id = ?", .text(id))
        try tx.execute("DELETE FROM queues WHERE id = ?", .text(id))
    }
}

package import FlareModel
import FlareStore

/// Who receives the messages of a queue.
package enum ConsumerTarget: Sendable, Hashable {
    /// The `queue()` handler of a Worker.
    case worker(String)
    /// A workflow: each batch becomes an instance.
    case workflow(String)
    /// Clients that pull over HTTP or the command line.
    case httpPull

    var type: String {
        switch self {
        case .worker: "worker"
        case .workflow: "workflow"
        case .httpPull: "http_pull"
        }
    }

    var name: String? {
        switch self {
        case .worker(let name), .workflow(let name): name
        case .httpPull: nil
        }
    }

    fileprivate init(type: String, name: String?) {
        switch (type, name) {
        case ("worker", let name?): self = .worker(name)
        case ("workflow", let name?): self = .workflow(name)
        default: self = .httpPull
        }
    }
}

extension ConsumerTarget: CustomStringConvertible {
    package var description: String {
        switch self {
        case .worker(let name): "Worker \"\(name)\""
        case .workflow(let name): "workflow \"\(name)\""
        case .httpPull: "pull clients"
        }
    }
}

/// How a consumer receives messages, and what becomes of those it fails on.
package struct ConsumerSettings: Sendable, Hashable {
    /// Messages that make a batch full.
    package var batchSize = Limits.consumerBatchDefault
    /// The longest wait for a batch to fill.
    ///
    /// The first limit that is reached wins.
    package var maxWaitMilliseconds = Limits.consumerWaitMillisecondsDefault
    /// Attempts after the first one.
    package var maxRetries = Limits.consumerRetriesDefault
    /// Batches that may be with the consumer at once; nil is flare's choice.
    package var maxConcurrency: Int?
    /// The wait before a failed message is offered again, unless the consumer names one.
    package var retryDelaySeconds = 0
    /// How long pulled messages stay hidden, unless the pull says otherwise.
    package var visibilityMilliseconds = Limits.visibilityMillisecondsDefault

    package init() {}

    /// Throws `invalidArgument` naming the first setting that is out of its range.
    package func validate() throws {
        func check(_ value: Int?, _ range: ClosedRange<Int>, _ name: String) throws {
            guard let value, !range.contains(value) else { return }
            throw FlareError(
                .invalidArgument,
                "\(name) \(value) is out of range",
                hint: "give \(range.lowerBound) to \(range.upperBound)"
            ).numbered(100_127)
        }
        try check(batchSize, 1...Limits.messageBatchMax, "batch_size")
        try check(maxWaitMilliseconds, 0...Limits.consumerWaitMillisecondsMax, "max_wait_time_ms")
        try check(maxRetries, 0...Limits.consumerRetriesMax, "max_retries")
        try check(maxConcurrency, 1...Limits.consumerConcurrencyMax, "max_concurrency")
        try check(retryDelaySeconds, 0...Limits.messageDelaySecondsMax, "retry_delay")
        try check(visibilityMilliseconds, 1...Limits.visibilityMillisecondsMax, "visibility_timeout_ms")
    }
}

/// Who set a consumer.
package enum ConsumerSource: String, Sendable {
    /// A deploy, whose successors may take it away.
    case config
    /// A command or a call of the API; deploys leave it alone.
    case command
}

/// A consumer to be set on a queue.
package struct NewConsumer: Sendable {
    package var target: ConsumerTarget
    package var settings: ConsumerSettings
    /// The name of the queue that takes messages whose last attempt failed; created when missing.
    package var deadLetterQueue: String?

    package init(
        target: ConsumerTarget,
        settings: ConsumerSettings = ConsumerSettings(),
        deadLetterQueue: String? = nil
    ) {
        self.target = target
        self.settings = settings
        self.deadLetterQueue = deadLetterQueue
    }
}

/// A row of `queue_consumers`.
///
/// A queue has at most one.
package struct ConsumerRecord: Sendable, Hashable {
    package let id: String
    package let queueID: String
    package var target: ConsumerTarget
    package let createdAt: Timestamp
    package var deadLetterQueue: String?
    package var settings: ConsumerSettings
    package var source = ConsumerSource.config
}

extension ConsumerRecord {
    private static let columns = """
        id, queue_id, type, target, created_at, dead_letter_queue, batch_size, max_wait_ms, max_retries, \
        max_concurrency, retry_delay, visibility_timeout_ms, source
        """

    private init(_ row: SQLRow) {
        id = row.text(0)
        queueID = row.text(1)
        target = ConsumerTarget(type: row.text(2), name: row.optionalText(3))
        createdAt = row.time(4)
        deadLetterQueue = row.optionalText(5)
        settings = ConsumerSettings()
        settings.batchSize = row.int(6)
        settings.maxWaitMilliseconds = row.int(7)
        settings.maxRetries = row.int(8)
        settings.maxConcurrency = row.optionalInt(9)
        settings.retryDelaySeconds = row.int(10)
        settings.visibilityMilliseconds = row.int(11)
        source = ConsumerSource(rawValue: row.text(12)) ?? .config
    }

    static func find(queueID: String, in tx: Transaction) throws -> ConsumerRecord? {
        let sql = "SELECT \(columns) FROM queue_consumers WHERE queue_id = ?"
        return try tx.row(sql, .text(queueID), decode: ConsumerRecord.init)
    }

    static func all(in tx: Transaction) throws -> [ConsumerRecord] {
        try tx.rows("SELECT \(columns) FROM queue_consumers ORDER BY created_at, id", decode: ConsumerRecord.init)
    }

    static func all(of target: ConsumerTarget, in tx: Transaction) throws -> [ConsumerRecord] {
        let sql = "SELECT \(columns) FROM queue_consumers WHERE type = ? AND target = ?"
        return try tx.rows(sql, .text(target.type), SQLValue(target.name), decode: ConsumerRecord.init)
    }

    /// Inserts the consumer, or replaces the one with the same id.
    func save(in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO queue_consumers (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET type = excluded.type, target = excluded.target,
                dead_letter_queue = excluded.dead_letter_queue, batch_size = excluded.batch_size,
                max_wait_ms = excluded.max_wait_ms, max_retries = excluded.max_retries,
                max_concurrency = excluded.max_concurrency, retry_delay = excluded.retry_delay,
                visibility_timeout_ms = excluded.visibility_timeout_ms, source = excluded.source
            """,
            .text(id),
            .text(queueID),
            .text(target.type),
            SQLValue(target.name),
            .integer(createdAt.milliseconds),
            SQLValue(deadLetterQueue),
            SQLValue(settings.batchSize),
            SQLValue(settings.maxWaitMilliseconds),
            SQLValue(settings.maxRetries),
            SQLValue(settings.maxConcurrency),
            SQLValue(settings.retryDelaySeconds),
            SQLValue(settings.visibilityMilliseconds),
            .text(source.rawValue)
        )
    }

    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM queue_consumers WHERE id = ?", .text(id))
    }

    /// Lets consumers follow a renamed dead letter queue.
    static func renameDeadLetterQueue(_ old: String, to new: String, in tx: Transaction) throws {
        let sql = "UPDATE queue_consumers SET dead_letter_queue = ? WHERE dead_letter_queue = ?"
        try tx.execute(sql, .text(new), .text(old))
    }
}

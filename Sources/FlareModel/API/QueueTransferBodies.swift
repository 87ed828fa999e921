/// Which messages of a queue a command means: the living ones, those that died there, or both.
package enum QueueMessageSet: String, Codable, Sendable, CaseIterable {
    /// Waiting, delayed and leased ones.
    case living
    /// Those whose last attempt failed and that stay in the queue, for want of a dead letter queue.
    case dead
    case all
}

/// One page of a redrive, a move or a removal: `POST /flare/v1/queues/:queue/{redrive,move,remove}`.
///
/// A page is one transaction, so that a caller that is interrupted between two pages has lost and doubled nothing. It
/// sets the pace, and goes on with the `cursor` of the last answer until there is none.
package struct QueueTransferRequest: Codable, Sendable {
    /// Name or id of the target.
    ///
    /// A redrive without it brings each message to the queue that it came from; a move needs it; a removal has none.
    package var to: String?
    /// Conditions as in `MessageConditions`; absent, all messages.
    package var filter: String?
    /// By default the living and the dead for a redrive, the living for a move and a removal.
    package var set: QueueMessageSet?
    /// The most messages that this page may touch, 1 to 1000; 100 by default.
    package var limit: Int?
    /// Counts and touches nothing; its `limit` is ignored.
    package var isDryRun: Bool?
    /// Where the last page ended.
    package var cursor: String?

    package init(
        to: String? = nil,
        filter: String? = nil,
        set: QueueMessageSet? = nil,
        limit: Int? = nil,
        isDryRun: Bool? = nil,
        cursor: String? = nil
    ) {
        self.to = to
        self.filter = filter
        self.set = set
        self.limit = limit
        self.isDryRun = isDryRun
        self.cursor = cursor
    }

    enum CodingKeys: String, CodingKey {
        case to, set, limit, cursor
        case filter = "where"
        case isDryRun = "dry_run"
    }
}

/// What one page of a redrive, a move or a removal did, or would do.
package struct QueueTransferBody: Codable, Sendable, Hashable {
    /// Messages that went to one queue.
    package struct Target: Codable, Sendable, Hashable {
        package var queue: String
        package var count: Int

        package init(queue: String, count: Int) {
            self.queue = queue
            self.count = count
        }
    }

    /// Messages that were looked at.
    package var scanned = 0
    /// Messages that were moved or removed.
    package var count = 0
    package var bytes = 0
    /// Where they went, by name; empty for a removal.
    package var targets: [Target] = []
    /// Messages that fit and were left alone because a consumer has them.
    package var leasedCount = 0
    /// Messages of a redrive that were left alone because they came from no other queue: give it a target for them.
    package var withoutOriginCount = 0
    /// Messages of a redrive that were left alone because the queue they came from has been deleted, by its name.
    package var missingOrigins: [Target] = []
    /// Where the next page begins; absent after the last one.
    package var cursor: String?

    package init() {}

    enum CodingKeys: String, CodingKey {
        case scanned, count, bytes, targets, cursor
        case leasedCount = "leased_count"
        case withoutOriginCount = "without_origin_count"
        case missingOrigins = "missing_origins"
    }

    /// Adds what the next page did.
    package mutating func add(_ page: QueueTransferBody) {
        scanned += page.scanned
        count += page.count
        bytes += page.bytes
        leasedCount += page.leasedCount
        withoutOriginCount += page.withoutOriginCount
        for target in page.targets { Self.add(target.count, to: target.queue, of: &targets) }
        for origin in page.missingOrigins { Self.add(origin.count, to: origin.queue, of: &missingOrigins) }
        cursor = page.cursor
    }

    /// Counts messages of a queue in a list that is sorted by name.
    package static func add(_ count: Int, to queue: String, of targets: inout [Target]) {
        if let index = targets.firstIndex(where: { $0.queue == queue }) {
            targets[index].count += count
        } else {
            targets.append(Target(queue: queue, count: count))
            targets.sort { $0.queue < $1.queue }
        }
    }
}

/// Where a message stands.
package enum QueueMessageState: String, Codable, Sendable, CaseIterable {
    /// Visible to consumers.
    case waiting
    /// Not visible yet, after a send or a retry with a delay.
    case delayed
    /// With a consumer.
    case leased
    /// Its last attempt failed, and the queue has no dead letter queue.
    case dead
}

/// A message of an export, one line of NDJSON: `GET /flare/v1/queues/:queue/export?cursor=&where=`.
///
/// The lines come in the order of arrival and end with the last message that was there at the beginning; an export
/// that broke off goes on after the `cursor` of its last line. `POST /flare/v1/queues/:queue/import` takes the same
/// lines.
package struct QueueExportBody: Codable, Sendable, Hashable {
    /// Its place in the order of arrival; an import ignores it.
    package var cursor: Int64?
    /// 32 hexadecimal digits; an import makes one where it is absent.
    package var id: String?
    package var body: String
    /// `utf8`, or `base64` when the bytes are not text; absent in an import means `utf8`.
    package var encoding: String?
    /// `json` when absent.
    package var contentType: String?
    /// An import ignores it: the message has not been delivered in its new place.
    package var attempts: Int?
    /// When it was sent; an import ignores it, so that its retention begins anew.
    package var timestamp: Timestamp?
    /// An import keeps what is left of a delay.
    package var visibleAt: Timestamp?
    /// A leased or dead message is imported as a waiting one.
    package var state: QueueMessageState?
    package var diedAt: Timestamp?
    package var originQueue: String?
    package var reason: String?

    package init(body: String, encoding: String? = nil, contentType: String? = nil) {
        self.body = body
        self.encoding = encoding
        self.contentType = contentType
    }

    enum CodingKeys: String, CodingKey {
        case cursor, id, body, encoding, attempts, timestamp, state, reason
        case contentType = "content_type"
        case visibleAt = "visible_at"
        case diedAt = "died_at"
        case originQueue = "origin_queue"
    }
}

/// What an import did: all lines of one request in one transaction.
package struct QueueImportBody: Codable, Sendable, Hashable {
    package var imported: Int
    /// Lines whose `id` is that of a message in the queue already: sending a page again doubles nothing.
    package var skipped: Int

    package init(imported: Int, skipped: Int) {
        self.imported = imported
        self.skipped = skipped
    }
}

/// What there is to say of a queue at one moment: `GET /flare/v1/queues/:queue/stats`.
package struct QueueStatsBody: Codable, Sendable, Hashable {
    /// Messages a second over the last minute, or since the engine started when that is shorter.
    package struct Rates: Codable, Sendable, Hashable {
        package var accepted = 0.0
        package var acknowledged = 0.0
        package var retried = 0.0
        package var died = 0.0

        package init() {}
    }

    package var queue: String
    package var isPaused: Bool
    /// Visible, delayed and leased messages together.
    package var backlogCount: Int
    package var backlogBytes: Int
    package var visibleCount: Int
    package var leasedCount: Int
    package var delayedCount: Int
    package var deadCount: Int
    package var oldestMessage: Timestamp?
    /// When the next delayed or leased message becomes visible.
    package var nextVisible: Timestamp?
    /// What receives the messages: `worker`, `workflow` or `http_pull`; absent without a consumer.
    package var consumerType: String?
    package var consumerName: String?
    /// Batches that are with a push consumer now, and how many there may be at once.
    package var concurrency: Int
    package var concurrencyMax: Int?
    package var rates: Rates
    package var totals: QueueStatusBody.Totals

    package init(
        queue: String,
        isPaused: Bool,
        backlogCount: Int,
        backlogBytes: Int,
        visibleCount: Int,
        leasedCount: Int,
        delayedCount: Int,
        deadCount: Int,
        rates: Rates,
        totals: QueueStatusBody.Totals
    ) {
        self.queue = queue
        self.isPaused = isPaused
        self.backlogCount = backlogCount
        self.backlogBytes = backlogBytes
        self.visibleCount = visibleCount
        self.leasedCount = leasedCount
        self.delayedCount = delayedCount
        self.deadCount = deadCount
        self.rates = rates
        self.totals = totals
        concurrency = 0
    }

    enum CodingKeys: String, CodingKey {
        case queue, concurrency, rates, totals
        case isPaused = "paused"
        case backlogCount = "backlog_count"
        case backlogBytes = "backlog_bytes"
        case visibleCount = "visible_count"
        case leasedCount = "leased_count"
        case delayedCount = "delayed_count"
        case deadCount = "dead_count"
        case oldestMessage = "oldest_message"
        case nextVisible = "next_visible"
        case consumerType = "consumer_type"
        case consumerName = "consumer_name"
        case concurrencyMax = "concurrency_max"
    }
}

import FlareModel
import FlareStore

/// A row of `queue_spans`: messages of one chunk, one after the other, that have had the same fate so far.
///
/// A send makes one span, a lease takes a whole one or cuts it, an acknowledgement deletes it. Each message that is in
/// a queue lies in exactly one span; counters are the callers' duty.
struct SpanRecord: Hashable {
    /// Who holds a lease.
    ///
    /// Leases of `push` consumers end with the engine's process, those of `pull` clients do not.
    enum Holder: Int64 {
        case push = 1
        case pull = 2
    }

    /// The newest lease, which may have run out.
    struct Lease: Hashable {
        let holder: Holder
        let token: Int64
    }

    /// The number of the queue.
    let queue: Int64
    /// The sequence of the first message.
    var first: Int64
    var count: Int
    /// The bodies' bytes.
    var bytes: Int
    let enqueuedAt: Timestamp
    var visibleAt: Timestamp
    /// Deliveries of each message so far.
    var attempts = 0
    var lease: Lease?
    var diedAt: Timestamp?
    /// The name of the queue that the messages came from.
    var originQueue: String?
    /// Why they came from there, or died here.
    var reason: String?

    var sequences: Range<Int64> { first..<(first + Int64(count)) }

    var origin: MessageOrigin? { reason.map { MessageOrigin(queue: originQueue, reason: $0) } }

    /// Whether its holder let the last lease run out, or still has it.
    func isLeased(at now: Timestamp) -> Bool { lease != nil && visibleAt > now }

    /// Part of the span.
    ///
    /// `sizes` are those of all messages of the chunk.
    func part(_ range: Range<Int64>, sizes: [Int]) -> SpanRecord {
        let start = Int(range.lowerBound - ChunkRecord.first(of: ChunkRecord.number(of: first)))
        var part = self
        part.first = range.lowerBound
        part.count = range.count
        part.bytes = sizes[start..<(start + range.count)].reduce(0, +)
        return part
    }
}

extension SpanRecord {
    static let columns = """
        queue, first, count, bytes, enqueued_at, visible_at, attempts, holder, token, died_at, origin_queue, reason
        """

    init(_ row: SQLRow) {
        queue = row.integer(0)
        first = row.integer(1)
        count = row.int(2)
        bytes = row.int(3)
        enqueuedAt = row.time(4)
        visibleAt = row.time(5)
        attempts = row.int(6)
        lease = Holder(rawValue: row.integer(7)).map { Lease(holder: $0, token: row.integer(8)) }
        diedAt = row.optionalTime(9)
        originQueue = row.optionalText(10)
        reason = row.optionalText(11)
    }

    func insert(in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO queue_spans (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .integer(queue),
            .integer(first),
            SQLValue(count),
            SQLValue(bytes),
            .integer(enqueuedAt.milliseconds),
            .integer(visibleAt.milliseconds),
            SQLValue(attempts),
            lease.map { .integer($0.holder.rawValue) } ?? .null,
            lease.map { .integer($0.token) } ?? .null,
            diedAt.map { .integer($0.milliseconds) } ?? .null,
            SQLValue(originQueue),
            SQLValue(reason)
        )
    }

    /// Writes what the fate of the messages has changed.
    func updateFate(in tx: Transaction) throws {
        try tx.execute(
            """
            UPDATE queue_spans SET visible_at = ?, attempts = ?, holder = ?, token = ?, died_at = ?, reason = ?
            WHERE first = ?
            """,
            .integer(visibleAt.milliseconds),
            SQLValue(attempts),
            lease.map { .integer($0.holder.rawValue) } ?? .null,
            lease.map { .integer($0.token) } ?? .null,
            diedAt.map { .integer($0.milliseconds) } ?? .null,
            SQLValue(reason),
            .integer(first)
        )
    }

    private func updateSize(in tx: Transaction) throws {
        try tx.execute(
            "UPDATE queue_spans SET count = ?, bytes = ? WHERE first = ?",
            SQLValue(count),
            SQLValue(bytes),
            .integer(first)
        )
    }

    /// The span in which a message lies.
    static func find(_ sequence: Int64, in tx: Transaction) throws -> SpanRecord? {
        let sql = "SELECT \(columns) FROM queue_spans WHERE first <= ? ORDER BY first DESC LIMIT 1"
        let span = try tx.row(sql, .integer(sequence), decode: SpanRecord.init)
        return span.flatMap { $0.sequences.contains(sequence) ? $0 : nil }
    }

    /// Cuts the span so that some of its messages have one of their own, which is returned.
    func isolate(_ range: Range<Int64>, in tx: Transaction) throws -> SpanRecord {
        guard range != sequences else { return self }
        let sizes = try ChunkRecord.sizes(of: ChunkRecord.number(of: first), in: tx)
        let middle = part(range, sizes: sizes)
        if range.upperBound < sequences.upperBound {
            try part(range.upperBound..<sequences.upperBound, sizes: sizes).insert(in: tx)
        }
        if range.lowerBound > first {
            try part(first..<range.lowerBound, sizes: sizes).updateSize(in: tx)
            try middle.insert(in: tx)
        } else {
            try middle.updateSize(in: tx)
        }
        return middle
    }

    /// How many of the first messages, `max` at most, have no more bytes together than `bytesMax`.
    func count(fitting bytesMax: Int, max: Int, in tx: Transaction) throws -> Int {
        guard bytes > bytesMax else { return min(count, max) }
        let sizes = try ChunkRecord.sizes(of: ChunkRecord.number(of: first), in: tx)
        let start = Int(first - ChunkRecord.first(of: ChunkRecord.number(of: first)))
        var left = bytesMax
        return sizes[start..<(start + min(count, max))].prefix { size in
            left -= size
            return left >= 0
        }.count
    }

    /// Removes the messages.
    func delete(in tx: Transaction) throws {
        try tx.execute("DELETE FROM queue_spans WHERE first = ?", .integer(first))
        try ChunkRecord.deleteIfUnused(ChunkRecord.number(of: first), in: tx)
    }

    /// The messages, or those with a sequence in `range`.
    func messages(
        of queueID: String,
        in range: Range<Int64>? = nil,
        _ tx: Transaction
    ) throws -> [StoredMessage] {
        messages(of: queueID, in: range, try ChunkRecord.find(ChunkRecord.number(of: first), in: tx))
    }

    func messages(of queueID: String, in range: Range<Int64>? = nil, _ chunk: ChunkRecord) -> [StoredMessage] {
        let places = chunk.ranges()
        let start = ChunkRecord.first(of: ChunkRecord.number(of: first))
        return sequences.clamped(to: range ?? sequences).map { sequence in
            let entry = chunk.entries[Int(sequence - start)]
            return StoredMessage(
                sequence: sequence,
                id: entry.id ?? MessageID.text(queueID: queueID, sequence: sequence),
                body: Array(chunk.bodies[places[Int(sequence - start)]]),
                contentType: entry.contentType,
                attempts: attempts,
                timestamp: enqueuedAt,
                visibleAt: visibleAt,
                isLeased: lease != nil,
                diedAt: diedAt,
                origin: origin
            )
        }
    }
}

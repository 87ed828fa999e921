import FlareModel
import FlareStore

/// A row of `queue_chunks`: the bodies of messages that arrived together, written once and never changed.
///
/// What becomes of the messages is told by spans (`SpanRecord`); a chunk is deleted with the last span on it. Messages
/// of one send therefore cost one row, and a lease never rewrites a body.
struct ChunkRecord {
    /// Messages of one chunk: the lower bits of a sequence number them.
    static let messagesMax = 128

    /// The number of the chunk in which a message lies.
    static func number(of sequence: Int64) -> Int64 { sequence >> 7 }

    /// The sequence of a chunk's first message.
    static func first(of number: Int64) -> Int64 { number << 7 }

    /// One message of a chunk.
    struct Entry {
        let contentType: MessageContentType
        let size: Int
        /// 32 hexadecimal digits; nil for the id that its sequence gives it.
        let id: String?
    }

    let entries: [Entry]
    /// The bodies, one after the other.
    let bodies: [UInt8]

    /// - Parameter id: the id of a message that had one before it came here.
    init(_ messages: some Collection<(message: NewMessage, id: String?)>) {
        var entries: [Entry] = []
        entries.reserveCapacity(messages.count)
        var bodies: [UInt8] = []
        bodies.reserveCapacity(messages.reduce(0) { $0 + $1.message.body.count })
        for (message, id) in messages {
            entries.append(Entry(contentType: message.contentType, size: message.body.count, id: id))
            bodies += message.body
        }
        self.entries = entries
        self.bodies = bodies
    }

    private init(entries: [Entry], bodies: [UInt8]) {
        self.entries = entries
        self.bodies = bodies
    }

    /// The places of all bodies.
    func ranges() -> [Range<Int>] {
        var start = 0
        return entries.map { entry in
            defer { start += entry.size }
            return start..<(start + entry.size)
        }
    }

    /// Inserts the chunk and returns its number, which no other chunk ever has.
    func insert(in tx: Transaction) throws -> Int64 {
        try tx.execute(
            "INSERT INTO queue_chunks (directory, bodies) VALUES (?, ?)",
            .blob(Directory.encode(entries)),
            .blob(bodies)
        )
        return tx.lastInsertedRowID
    }

    static func find(_ number: Int64, in tx: Transaction) throws -> ChunkRecord {
        let sql = "SELECT directory, bodies FROM queue_chunks WHERE number = ?"
        let found = try tx.row(sql, .integer(number)) { row in
            let bodies = row.blob(1)
            return ChunkRecord(entries: Directory.decode(row.blob(0), bytes: bodies.count), bodies: bodies)
        }
        guard let found else { throw FlareError(.corruptStore, "the bodies of chunk \(number) are missing") }
        return found
    }

    /// The sizes of a chunk's messages, without their bodies.
    static func sizes(of number: Int64, in tx: Transaction) throws -> [Int] {
        let sql = "SELECT directory, length(bodies) FROM queue_chunks WHERE number = ?"
        let found = try tx.row(sql, .integer(number)) { Directory.decode($0.blob(0), bytes: $0.int(1)).map(\.size) }
        guard let found else { throw FlareError(.corruptStore, "the bodies of chunk \(number) are missing") }
        return found
    }

    /// Deletes a chunk unless a span is still on it.
    static func deleteIfUnused(_ number: Int64, in tx: Transaction) throws {
        try tx.execute(
            """
            DELETE FROM queue_chunks WHERE number = ?
                AND NOT EXISTS (SELECT 1 FROM queue_spans WHERE first BETWEEN ? AND ?)
            """,
            .integer(number),
            .integer(first(of: number)),
            .integer(first(of: number + 1) - 1)
        )
    }

    /// The highest sequence given so far, over all queues; 0 when none was.
    static func lastSequence(in tx: Transaction) throws -> Int64 {
        let number = try tx.row("SELECT seq FROM sqlite_sequence WHERE name = 'queue_chunks'") { $0.integer(0) }
        return number.map { first(of: $0 + 1) - 1 } ?? 0
    }
}

/// How the messages of a chunk are listed in its row: a byte of flags; for each a size of four bytes, lowest first,
/// and a content type; then, with the flag, ids of 16 bytes each.
private enum Directory {
    private static let withIDs: UInt8 = 1
    /// A chunk of one message that was a row of its own in an earlier schema: `M`, 32 hexadecimal digits and the name
    /// of the content type, which SQL alone could write.
    private static let migrated = UInt8(ascii: "M")

    private static let contentTypes: [MessageContentType] = [.json, .text, .bytes, .v8]

    static func encode(_ entries: [ChunkRecord.Entry]) -> [UInt8] {
        let hasIDs = entries.contains { $0.id != nil }
        var result: [UInt8] = []
        result.reserveCapacity(1 + entries.count * (hasIDs ? 21 : 5))
        result.append(hasIDs ? withIDs : 0)
        for entry in entries {
            let size = UInt32(entry.size)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                result.append(UInt8(truncatingIfNeeded: size >> shift))
            }
            result.append(UInt8(contentTypes.firstIndex(of: entry.contentType) ?? 2))
        }
        // All zero: the id that the sequence gives.
        let none = [UInt8](repeating: 0, count: 16)
        if hasIDs { for entry in entries { result += entry.id.flatMap(MessageID.bytes) ?? none } }
        return result
    }

    static func decode(_ bytes: [UInt8], bytes total: Int) -> [ChunkRecord.Entry] {
        guard let flags = bytes.first else { return [] }
        if flags == migrated {
            let id = String(decoding: bytes.dropFirst().prefix(32), as: UTF8.self)
            let type = MessageContentType(rawValue: String(decoding: bytes.dropFirst(33), as: UTF8.self))
            return [.init(contentType: type ?? .bytes, size: total, id: id)]
        }
        let hasIDs = flags & withIDs != 0
        let count = (bytes.count - 1) / (hasIDs ? 21 : 5)
        return (0..<count).map { index in
            let place = 1 + index * 5
            let size = (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << ($1 * 8) }
            var id: String?
            if hasIDs {
                let start = 1 + count * 5 + index * 16
                let digits = bytes[start..<(start + 16)]
                id = digits.allSatisfy { $0 == 0 } ? nil : hexadecimalText(digits)
            }
            let type = Int(bytes[place + 4])
            return .init(contentType: type < contentTypes.count ? contentTypes[type] : .bytes, size: size, id: id)
        }
    }
}

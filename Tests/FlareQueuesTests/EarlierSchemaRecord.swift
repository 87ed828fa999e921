import FlareModel
import FlareQueues
import FlareStore
import Foundation
import Logging

extension QueuesFixture {
    /// Fills a database of the schema before chunks and spans, then runs `body` on it as it is migrated.
    static func migrating(
        _ fill: (Database) async throws -> Void,
        _ body: (QueuesFixture) async throws -> Void
    ) async throws {
        let name = "queues-\(Identifier.hexadecimal())"
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("flare.db").path
        let earlier = try Database.open(path: path, migrations: Array(QueueService.migrations.prefix(2)))
        try await fill(earlier)
        try earlier.close()
        let database = try Database.open(path: path, migrations: QueueService.migrations)
        let time = ManualTime()
        let service = QueueService(
            database: database,
            time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await body(QueuesFixture(service: service, database: database, time: time, path: path))
        try database.close()
    }

    /// A queue with a message that was never delivered, one that was twice, and one that is dead.
    static func insertEarlier(_ tx: Transaction) throws {
        try tx.execute("INSERT INTO queues VALUES ('0123456789abcdef0123456789abcdef', 'orders', 1, 1, 0, 0, 345600)")
        try tx.execute(
            """
            INSERT INTO queue_counters (queue_id, waiting, waiting_bytes, dead, accepted)
            VALUES ('0123456789abcdef0123456789abcdef', 2, 10, 1, 3)
            """
        )
        let rows: [(body: String, attempts: Int, diedAt: SQLValue, reason: SQLValue)] = [
            ("plain", 0, nil, nil), ("tried", 2, nil, nil), ("dead", 4, 9, "boom"),
        ]
        for row in rows {
            try tx.execute(
                """
                INSERT INTO queue_messages (id, queue_id, enqueued_at, visible_at, attempts, died_at, reason,
                    content_type, body)
                VALUES (?, '0123456789abcdef0123456789abcdef', 1700000000000, 5, ?, ?, ?, 'text', ?)
                """,
                .text(String(repeating: "ab", count: 16)),
                SQLValue(row.attempts),
                row.diedAt,
                row.reason,
                .blob(Array(row.body.utf8))
            )
        }
    }
}

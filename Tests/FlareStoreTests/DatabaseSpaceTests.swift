import FlareModel
import Foundation
import Testing

@testable import FlareStore

@Suite("the space of a database")
struct DatabaseSpaceTests {
    private static let table = Migration("bytes-1", "CREATE TABLE bytes (id INTEGER PRIMARY KEY, bytes BLOB)")

    @Test("is given back at a start when most of it holds no rows, which stay as they are", arguments: [true, false])
    func shrinks(isMostlyEmpty: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            let full = Limits.databaseFreeBytesMin + 1_000_000
            let first = try Database.open(path: path, migrations: [Self.table])
            let large = isMostlyEmpty ? "1, 3" : "3"
            try await first.write { tx in
                for id in [1, 2, 3] {
                    let count = id == 2 ? 1_000 : full
                    let values: [SQLValue] = [.integer(Int64(id)), .integer(Int64(count))]
                    try tx.execute("INSERT INTO bytes VALUES (?, zeroblob(?))", values)
                }
            }
            try await first.write { try $0.execute("DELETE FROM bytes WHERE id IN (\(large))") }
            let before = try await Self.sums(first)
            try first.close()

            let second = try Database.open(path: path, migrations: [Self.table])
            #expect(try await Self.sums(second) == before)
            try second.close()
            let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            #expect(isMostlyEmpty ? size < 100_000 : size > 2 * full)
        }
    }

    private static func sums(_ database: Database) async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT id, length(bytes) FROM bytes ORDER BY id") { "\($0.int(0)) \($0.int(1))" }
        }
    }
}

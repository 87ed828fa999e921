import FlareModel
import FlareTestSupport
import FoundationEssentials
import Testing

@testable import FlareStore

@Suite struct DatabaseTests {
    private static let names = Migration(
        "names-1",
        """
        CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE name (name TEXT PRIMARY KEY CHECK (length(name) > 0), parent INTEGER REFERENCES parent(id));
        """
    )

    private func withDatabase(_ body: (Database, String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory + "/flare.db", migrations: [Self.names])
            try await body(database, directory)
            try database.close()
        }
    }

    private func count(_ database: Database) async throws -> Int {
        try await database.read { try $0.row("SELECT count(*) FROM name") { $0.int(0) } ?? 0 }
    }

    @Test("the writer syncs each commit and keeps temporary tables in memory")
    func pragmas() async throws {
        try await withDatabase { database, _ in
            #expect(try database.writerPragma("synchronous") == 2)
            #expect(try database.writerPragma("temp_store") == 2)
            #expect(try database.writerPragma("foreign_keys") == 1)
            let reader = try await database.read { try $0.row("PRAGMA temp_store") { $0.int(0) } }
            #expect(reader == 2)
        }
    }

    @Test("a large transaction leaves no large log behind, which would take the reserve of the disk")
    func logSize() async throws {
        try await withDatabase { database, directory in
            try await database.write { try $0.execute("CREATE TABLE bytes (bytes BLOB)") }
            let log = directory + "/flare.db-wal"
            func sizeBytes() throws -> Int {
                try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int ?? 0
            }
            try await database.write { tx in
                for _ in 0..<12 { try tx.execute("INSERT INTO bytes VALUES (zeroblob(1000000))") }
            }
            #expect(try sizeBytes() > Limits.databaseLogBytes)
            try await database.write { try $0.execute("DELETE FROM bytes") }
            // It is cut when it begins anew, which it does once all of it is in the file.
            var commits = 0
            while try sizeBytes() != Limits.databaseLogBytes, commits < 100_000 {
                try await database.write { try $0.execute("INSERT INTO parent DEFAULT VALUES") }
                commits += 1
            }
            #expect(try sizeBytes() == Limits.databaseLogBytes)
        }
    }

    @Test("a body that throws disturbs none of those that are committed with it, and its follow-ups never run")
    func failingBodies() async throws {
        try await withDatabase { database, _ in
            let followUps = Monitor<Set<Int>>([])
            let failures = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<300 {
                    group.addTask {
                        do {
                            try await database.write { tx in
                                try tx.execute("INSERT INTO name (name) VALUES (?)", .text("n\(index)"))
                                tx.afterCommit { followUps.withLock { _ = $0.insert(index) } }
                                if index % 3 == 0 { throw FlareError(.invalidData, "refused") }
                            }
                            // Follow-ups run before the caller goes on.
                            return !followUps.withLock { $0.contains(index) }
                        } catch {
                            return (error as? FlareError)?.code != .invalidData
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(failures == 0)
            let found = try await count(database)
            #expect(found == 200)
            #expect(followUps.withLock { $0.count } == 200)
            #expect(followUps.withLock { $0.allSatisfy { $0 % 3 != 0 } })
        }
    }

    @Test("bodies of one commit are followed up and answered in their order, one after the other")
    func orderOfAnswers() async throws {
        try await withDatabase { database, _ in
            let writer = await BlockedWriter(of: database)
            let seen = Monitor<[String]>([])
            for name in ["first", "second"] {
                database.write { transaction in
                    transaction.afterCommit { seen.withLock { $0.append("\(name) followed up") } }
                } completion: { _ in
                    seen.withLock { $0.append("\(name) answered") }
                }
            }
            writer.free()
            try await database.write { _ in }
            let order = ["first followed up", "first answered", "second followed up", "second answered"]
            #expect(seen.withLock { $0 } == order)
        }
    }

    @Test("what is committed leaves the log while commits go on, and the log begins anew")
    func checkpoints() async throws {
        try await withDatabase { database, directory in
            let log = directory + "/flare.db-wal"
            let pages = 2 * Limits.databaseLogPages
            try await database.write { tx in
                for index in 0..<pages {
                    let name = "n\(index)" + String(repeating: "-", count: 4_096)
                    try tx.execute("INSERT INTO name (name) VALUES (?)", .text(name))
                }
            }
            // Counts how often the log has begun anew.
            let first = try logBeginning(log)
            var commits = 0
            while try logBeginning(log) == first, commits < 100_000 {
                try await database.write { try $0.execute("INSERT INTO parent DEFAULT VALUES") }
                commits += 1
            }
            let last = try logBeginning(log)
            #expect(last != first)
            let size = try size(of: directory + "/flare.db")
            #expect(size > pages * 4_096)
        }
    }

    /// The part of the log's header that is another one each time the log begins anew.
    private func logBeginning(_ path: String) throws -> [UInt8] {
        let bytes = try Data(contentsOf: URL(filePath: path))
        return Array(bytes[12..<24])
    }

    @Test("a read that is cancelled ends in the middle of its statement")
    func cancelledRead() async throws {
        try await withDatabase { database, _ in
            let (begun, continuation) = AsyncStream<Void>.makeStream()
            let read = Task {
                try await database.read { tx in
                    continuation.finish()
                    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
                    return try tx.row(endless) { $0.int(0) }
                }
            }
            for await _ in begun {}
            read.cancel()
            await #expect(throws: CancellationError.self) { try await read.value }
            let found = try await count(database)
            #expect(found == 0)
        }
    }

    @Test("bodies that wait are committed together")
    func groups() async throws {
        try await withDatabase { database, directory in
            let gate = Monitor(false)
            let done = Monitor(0)
            database.write { _ in
                gate.wait { $0 ? () : nil }
            } completion: { _ in
            }
            let before = try size(of: directory + "/flare.db-wal")
            for index in 0..<100 {
                database.write {
                    try $0.execute("INSERT INTO name (name) VALUES (?)", .text("n\(index)"))
                } completion: {
                    if case .success = $0 { done.withLock { $0 += 1 } }
                    done.notifyAll()
                }
            }
            gate.withLock { $0 = true }
            gate.notifyAll()
            done.wait { $0 == 100 ? () : nil }
            // Each commit writes every page it changed; alone, 100 bodies would write at least 200.
            let pages = (try size(of: directory + "/flare.db-wal") - before) / 4096
            #expect(pages < 20)
        }
    }

    @Test("when a body breaks the whole transaction, the others of its group are run again")
    func brokenTransaction() async throws {
        try await withDatabase { database, _ in
            let gate = Monitor(false)
            let results = Monitor<[Int: Bool]>([:])
            database.write { _ in
                gate.wait { $0 ? () : nil }
            } completion: { _ in
            }
            for index in 0..<5 {
                database.write { tx in
                    try tx.execute("INSERT INTO name (name) VALUES (?)", .text("n\(index)"))
                    if index == 2 { try tx.execute("ROLLBACK") }
                } completion: { result in
                    results.withLock { $0[index] = (try? result.get()) != nil }
                    results.notifyAll()
                }
            }
            gate.withLock { $0 = true }
            gate.notifyAll()
            let all = results.wait { $0.count == 5 ? $0 : nil }
            #expect(all == [0: true, 1: true, 2: false, 3: true, 4: true])
            let found = try await count(database)
            #expect(found == 4)
        }
    }

    @Test("a second row of the same name exists already, a row that others need is in use, all else has failed")
    func constraints() async throws {
        try await withDatabase { database, _ in
            try await database.write { try $0.execute("INSERT INTO name (name) VALUES ('a')") }
            let cases: [(String, FlareError.Code)] = [
                ("INSERT INTO name (name) VALUES ('a')", .alreadyExists),
                ("INSERT INTO name (name) VALUES ('')", .storeFailed),
                ("INSERT INTO name (name, parent) VALUES ('b', 7)", .inUse),
                ("INSERT INTO nothing VALUES (1)", .storeFailed),
            ]
            for (sql, code) in cases {
                let error = await #expect(throws: FlareError.self) { try await database.write { try $0.execute(sql) } }
                #expect(error?.code == code, "\(sql)")
            }
        }
    }

    @Test("a body of read cannot write")
    func readOnly() async throws {
        try await withDatabase { database, _ in
            await #expect(throws: FlareError.self) {
                try await database.read { try $0.execute("INSERT INTO name (name) VALUES ('a')") }
            }
        }
    }

    @Test("values come back as they were bound, empty ones too")
    func values() async throws {
        try await withDatabase { database, _ in
            let row = try await database.write { tx in
                try tx.row(
                    "SELECT ?, ?, ?, ?, ?, ?",
                    .text("é"),
                    .text(""),
                    .blob([]),
                    .blob([0, 255]),
                    .real(0.5),
                    .null
                ) { row in
                    [
                        row.text(0) == "é", row.optionalText(1) == "", row.optionalBlob(2) == [],
                        row.blob(3) == [0, 255],
                        row.real(4) == 0.5, row.isNull(5),
                    ]
                }
            }
            #expect(row == [true, true, true, true, true, true])
        }
    }

    @Test("after close writes and reads are refused, and what was accepted before is on disk")
    func close() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            let first = try Database.open(path: path, migrations: [Self.names])
            let accepted = Monitor(0)
            for index in 0..<20 {
                first.write {
                    try $0.execute("INSERT INTO name (name) VALUES (?)", .text("n\(index)"))
                } completion: {
                    if case .success = $0 { accepted.withLock { $0 += 1 } }
                }
            }
            try first.close()
            #expect(accepted.withLock { $0 } == 20)
            let error = await #expect(throws: FlareError.self) { try await first.write { _ in } }
            #expect(error?.code == .engineUnavailable)
            let unread = await #expect(throws: FlareError.self) { try await count(first) }
            #expect(unread?.code == .engineUnavailable)
            let second = try Database.open(path: path, migrations: [Self.names])
            #expect(try await count(second) == 20)
            try second.close()
        }
    }

    @Test("close waits for the reads that were begun")
    func closeBesideReads() async throws {
        try await withTemporaryDirectory { directory in
            let database = try Database.open(path: directory + "/flare.db", migrations: [Self.names])
            let gate = Monitor(false)
            let (begun, continuation) = AsyncStream<Void>.makeStream()
            let read = Task {
                try await database.read { tx in
                    continuation.finish()
                    gate.wait { $0 ? () : nil }
                    return try tx.row("SELECT count(*) FROM name") { $0.int(0) }
                }
            }
            for await _ in begun {}
            let closed = Monitor<Result<Void, any Error>?>(nil)
            SystemThread {
                let result = Result { try database.close() }
                closed.withLock { $0 = result }
                closed.notifyAll()
            }.detach()
            gate.withLock { $0 = true }
            gate.notifyAll()
            #expect(try await read.value == 0)
            try closed.wait { $0 }.get()
        }
    }

    @Test("a database of a newer flare is refused")
    func newerState() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            let newer = Migration("names-2", "CREATE TABLE more (id INTEGER PRIMARY KEY)")
            try Database.open(path: path, migrations: [Self.names, newer]).close()
            let error = #expect(throws: FlareError.self) { try Database.open(path: path, migrations: [Self.names]) }
            #expect(error?.code == .versionMismatch)
        }
    }

    @Test("an older database is copied before it is migrated")
    func backup() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            let old = try Database.open(path: path, migrations: [Self.names])
            try await old.write { try $0.execute("INSERT INTO name (name) VALUES ('kept')") }
            try old.close()
            #expect(!FileManager.default.fileExists(atPath: path + ".before-names-1"))

            let broken = Migration("names-2", "DELETE FROM name; CREATE TABLE name (id INTEGER)")
            #expect(throws: FlareError.self) { try Database.open(path: path, migrations: [Self.names, broken]) }
            let mended = Migration("names-2", "DELETE FROM name")
            let new = try Database.open(path: path, migrations: [Self.names, mended])
            #expect(try await count(new) == 0)
            try new.close()

            let copy = try Database.open(path: path + ".before-names-2", migrations: [Self.names])
            #expect(try await count(copy) == 1)
            try copy.close()
            #expect(!FileManager.default.fileExists(atPath: path + ".before-names-2.unfinished"))
        }
    }

    @Test("what is no database is reported as damaged")
    func damaged() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            try Data(repeating: 7, count: 8192).write(to: URL(filePath: path))
            let error = #expect(throws: FlareError.self) { try Database.open(path: path, migrations: [Self.names]) }
            #expect(error?.code == .corruptStore)
        }
    }

    private func size(of path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? Int) ?? Int((attributes[.size] as? UInt64) ?? 0)
    }
}

import FlareModel
import Foundation
import Testing

@testable import FlareStore

@Suite("the files of a database that are not whole")
struct DatabaseFilesTests {
    private static let names = Migration("names-1", "CREATE TABLE name (name TEXT PRIMARY KEY)")

    /// What is done to the files of an engine that was killed.
    enum Damage: CaseIterable {
        case none, logRemoved, logEmptied, logCutOff, databaseRemoved, databaseEmptied

        func apply(to path: String) throws {
            switch self {
            case .none: break
            case .logRemoved: try FileManager.default.removeItem(atPath: path + "-wal")
            case .logEmptied: #expect(truncate(path + "-wal", 0) == 0)
            case .logCutOff: #expect(truncate(path + "-wal", 6000) == 0)
            case .databaseRemoved: try FileManager.default.removeItem(atPath: path)
            case .databaseEmptied: #expect(truncate(path, 0) == 0)
            }
        }
    }

    @Test("are refused and left as they are, and whole ones are opened", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            try await leaveFiles(at: path, by: directory + "/first.db")
            try damage.apply(to: path)
            let before = try contents(of: path)
            guard damage != .none else {
                let database = try Database.open(path: path, migrations: [Self.names])
                #expect(try await database.read { try $0.row("SELECT count(*) FROM name") { $0.int(0) } } == 1)
                return try database.close()
            }
            let error = #expect(throws: FlareError.self) { try Database.open(path: path, migrations: [Self.names]) }
            #expect(error?.code == .corruptStore)
            #expect(try contents(of: path) == before)
        }
    }

    @Test("a new database is not begun where something forbids it, nor where the log held the whole of it")
    func forbidden() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/flare.db"
            let forbid = { throw FlareError(.corruptStore, "there is data") }
            let open = { try Database.open(path: path, migrations: [Self.names], beforeCreating: forbid) }
            #expect(throws: FlareError.self) { try open() }
            #expect(!FileManager.default.fileExists(atPath: path))

            try await leaveFiles(at: path, by: directory + "/first.db")
            for ending in ["-wal", "-shm"] { try FileManager.default.removeItem(atPath: path + ending) }
            #expect(throws: FlareError.self) { try open() }
            try Database.open(path: path, migrations: [Self.names]).close()
            try open().close()
        }
    }

    /// The files as kill -9 leaves them, with one row.
    private func leaveFiles(at path: String, by first: String) async throws {
        let database = try Database.open(path: first, migrations: [Self.names])
        try await database.write { try $0.execute("INSERT INTO name (name) VALUES ('kept')") }
        for ending in ["", "-wal", "-shm"] {
            try FileManager.default.copyItem(atPath: first + ending, toPath: path + ending)
        }
        try database.close()
    }

    private func contents(of path: String) throws -> [Data?] {
        ["", "-wal", "-shm"].map { FileManager.default.contents(atPath: path + $0) }
    }
}

import FlareModel
import GRDB
import Glibc

/// The one SQLite database of a state directory: WAL, `synchronous=FULL`, writes committed in groups.
///
/// All bodies that wait are run in one transaction, each in a savepoint of its own, and committed together; the sync of
/// the disk is paid once for all of them. When `write` returns, its changes survive a crash.
package final class Database: Sendable {
    private let pool: DatabasePool
    private let writer: GroupWriter
    private let checkpointer: Checkpointer
    private let readers = BlockingThreads(count: Database.readersMax)
    private static let readersMax = 4

    private init(pool: DatabasePool, checkpointer: Checkpointer, room: DiskRoom) {
        self.pool = pool
        self.checkpointer = checkpointer
        writer = GroupWriter(pool: pool, checkpointer: checkpointer, room: room)
    }

    /// Opens or creates the database and brings its schema up to date.
    ///
    /// A file with pending migrations is copied to `<path>.before-<first pending id>` first.
    /// Throws `versionMismatch` when a newer flare has written it, `storeFailed` when it cannot be opened durably,
    /// `corruptStore` when committed rows are missing from its files.
    ///
    /// - Parameters:
    ///   - room: what says whether more rows fit; by default the disk that the file is on.
    ///   - beforeCreating: is called before the schema of a new database is made; may throw why there cannot be one.
    package static func open(
        path: String,
        migrations: [Migration],
        room: DiskRoom? = nil,
        beforeCreating: () throws -> Void = {}
    ) throws -> Database {
        do {
            let files = DatabaseFiles(path: path)
            try files.requireWhole()
            if files.areNew { try beforeCreating() }
            let pool = try DatabasePool(path: path, configuration: configuration())
            try pool.writeWithoutTransaction { connection in
                // GRDB sets NORMAL on a WAL writer after prepareDatabase; only here does FULL stay.
                try connection.execute(sql: "PRAGMA synchronous=FULL")
                let level = try Int.fetchOne(connection, sql: "PRAGMA synchronous")
                guard level == 2 else {
                    throw FlareError(.storeFailed, "the database refuses synchronous=FULL (it reads \(level ?? -1))")
                }
            }
            try migrate(pool, path: path, migrations: migrations, beforeCreating)
            try DatabaseSpace.giveBack(pool, directory: parentDirectory(of: path))
            let checkpointer = try Checkpointer(path: path)
            pool.writeWithoutTransaction { checkpointer.attach(to: $0) }
            return Database(
                pool: pool,
                checkpointer: checkpointer,
                room: room ?? DiskRoom(directory: parentDirectory(of: path))
            )
        } catch let error as DatabaseError {
            throw storeFailure(error, context: "opening \(path)")
        }
    }

    /// Runs a body that changes rows; returns when its changes are on disk.
    ///
    /// The body is synchronous, has no effect but on rows, and may be run again when another body of its group breaks
    /// the whole transaction. When it throws, its own changes are undone and the error is passed on.
    @discardableResult
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            writer.enqueue(body) { continuation.resume(with: $0) }
        }
    }

    /// Runs a body that changes rows, and calls `completion` from the writer's thread.
    ///
    /// For callers on an event loop, which cannot wait: with `waitingMax` bodies waiting, this one fails with
    /// `tooManyRequests`.
    package func write<Value: Sendable>(
        waitingMax: Int = Limits.databaseWaitingMax,
        _ body: @escaping @Sendable (Transaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        writer.enqueue(waitingMax: waitingMax, body, completion)
    }

    /// Runs a body on a snapshot of the committed rows.
    ///
    /// On a thread of its own: GRDB's own asynchronous read goes through two queues, each of which costs two wake-ups.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        let read = PendingRead()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal = readers.begin(job: { [pool] in
                    continuation.resume(with: Result { try read.run(on: pool, body) })
                })
                if let refusal { continuation.resume(throwing: refusal) }
            }
        } onCancel: {
            read.cancel()
        }
    }

    /// The pragmas of the writer, for checks: `synchronous` is 2 and `temp_store` 2 in a sound engine.
    package func writerPragma(_ name: String) throws -> Int? {
        try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA \(name)") }
    }

    /// How many writes wait for the next commit, for checks.
    package var waitingWrites: Int { writer.waitingCount }

    /// Finishes waiting writes and reads, checkpoints the log and closes the file.
    package func close() throws {
        writer.stop()
        readers.stop()
        checkpointer.stop()
        do {
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // What cannot be copied is safe in the log.
        }
        try pool.close()
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = readersMax
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { connection in
            // Debian's SQLite keeps temporary b-trees in files; in memory, UPDATE … RETURNING of one row is 3x faster.
            try connection.execute(sql: "PRAGMA temp_store=MEMORY")
            try connection.execute(sql: "PRAGMA cache_size=-16000")
            try connection.execute(sql: "PRAGMA secure_delete=OFF")
            try connection.execute(sql: "PRAGMA journal_size_limit=\(Limits.databaseLogBytes)")
        }
        return configuration
    }

    private static func migrate(
        _ pool: DatabasePool,
        path: String,
        migrations: [Migration],
        _ beforeCreating: () throws -> Void
    ) throws {
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.id) { try $0.execute(sql: migration.sql) }
        }
        let (superseded, applied) = try pool.read {
            (try migrator.hasBeenSuperseded($0), try migrator.appliedIdentifiers($0))
        }
        if superseded {
            throw FlareError(
                .versionMismatch,
                "the state in \(path) was written by a newer flare",
                hint: "use that version, or another state directory"
            )
        }
        // The file alone says nothing: a lost log can have held all that ever was in it.
        if applied.isEmpty { try beforeCreating() }
        if let pending = migrations.first(where: { !applied.contains($0.id) }), !applied.isEmpty {
            try copy(pool, to: "\(path).before-\(pending.id)")
        }
        try migrator.migrate(pool)
    }

    /// Copies the whole database, unless an earlier attempt at the same migration already has.
    ///
    /// Whole or absent.
    private static func copy(_ pool: DatabasePool, to path: String) throws {
        let disk = PosixDisk()
        guard access(path, F_OK) != 0 else { return }
        let unfinished = path + ".unfinished"
        try onDisk { () throws(DiskError) in
            _ = try unlessMissing { () throws(DiskError) in try disk.remove(unfinished) }
        }
        try pool.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [unfinished]) }
        try onDisk { () throws(DiskError) in
            try disk.open(unfinished, .updating).sync()
            try disk.rename(unfinished, to: path)
            try disk.syncDirectory(parentDirectory(of: path))
        }
    }
}

import FlareModel
import GRDB
import GRDBSQLite

/// Copies what is committed from the write-ahead log to the database file, beside the commits that go on.
///
/// SQLite does it by itself at the end of every commit that finds the log long, and everybody who waits for that commit
/// or the next one waits for thousands of pages to be written and synced. Here a thread with a connection of its own
/// does the most of it; the writer only copies what has come meanwhile, so that the log begins anew.
final class Checkpointer: Sendable {
    fileprivate struct State: Sendable {
        var rule = CheckpointRule()
        var isStopped = false
        var hasEnded = false
    }

    private let state: Monitor<State>

    /// - Parameter path: the database file, already in WAL mode.
    init(path: String) throws {
        let state = Monitor(State())
        self.state = state
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous=FULL") }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        // The thread holds the state alone, so that it ends when this object goes.
        SystemThread { Self.work(state, queue) }.detach()
    }

    deinit {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
    }

    /// Takes the place of SQLite's own checkpoints on a connection that must not outlive this object.
    func attach(to connection: GRDB.Database) {
        let pages = Unmanaged.passUnretained(self).toOpaque()
        _ = sqlite3_wal_hook(
            connection.sqliteConnection,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let checkpointer = Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue()
                checkpointer.state.withLock { $0.rule.committed(pages: Int(pages)) }
                return SQLITE_OK
            },
            pages
        )
    }

    /// After a commit, on the writer's thread.
    func look(_ connection: GRDB.Database) {
        switch state.withLock({ $0.rule.next() }) {
        case .nothing: break
        case .begin: state.notify()
        case .finish:
            let copied = Self.copy(connection)
            state.withLock { $0.rule.finished(copied: copied) }
        }
    }

    /// Returns when the thread has ended and its connection is closed.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
        state.wait { $0.hasEnded ? () : nil }
    }

    private static func work(_ state: Monitor<State>, _ queue: DatabaseQueue) {
        while state.wait({ $0.isStopped ? false : $0.rule.isRunning ? true : nil }) {
            let copied = queue.writeWithoutTransaction { copy($0) }
            state.withLock { $0.rule.ended(copied: copied) }
        }
        // The connection has nothing of its own to lose.
        try? queue.close()
        state.withLock { $0.hasEnded = true }
        state.notifyAll()
    }

    /// Returns how many pages of the log are in the database file now; nil when that is not known.
    ///
    /// What fails here is tried again after a later commit: until then the pages are safe in the log.
    private static func copy(_ connection: GRDB.Database) -> Int? {
        var pages: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(
            connection.sqliteConnection,
            nil,
            SQLITE_CHECKPOINT_PASSIVE,
            &pages,
            &copied
        )
        return code == SQLITE_OK && copied >= 0 ? Int(copied) : nil
    }
}

import GRDB
import GRDBSQLite
import Synchronization

/// One read of the database on its way, which can be cut off.
final class PendingRead: Sendable {
    /// Instructions of SQLite's machine between two looks whether the read is still wanted: well under a millisecond.
    private static let instructionsPerLook: Int32 = 4_096

    private let isCancelled = Atomic(false)

    /// Runs a body on a snapshot; on the caller's thread.
    ///
    /// Throws `CancellationError` when it was cut off.
    func run<Value>(on pool: DatabasePool, _ body: (Transaction) throws -> Value) throws -> Value {
        guard !isCancelled.load(ordering: .relaxed) else { throw CancellationError() }
        return try pool.read { connection in
            let handle = connection.sqliteConnection
            sqlite3_progress_handler(
                handle,
                Self.instructionsPerLook,
                { context in
                    guard let context else { return 0 }
                    let read = Unmanaged<PendingRead>.fromOpaque(context).takeUnretainedValue()
                    return read.isCancelled.load(ordering: .relaxed) ? 1 : 0
                },
                Unmanaged.passUnretained(self).toOpaque()
            )
            defer { sqlite3_progress_handler(handle, 0, nil, nil) }
            do {
                return try body(Transaction(connection))
            } catch {
                if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                throw error
            }
        }
    }

    /// Ends the statement that runs, and each that begins after it.
    func cancel() {
        isCancelled.store(true, ordering: .relaxed)
    }
}

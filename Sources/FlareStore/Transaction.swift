package import FlareModel
import GRDB
import GRDBSQLite

/// The database as one body sees it: statements by cached C handles, columns by index.
///
/// Valid only inside the body it was handed to. In a body of `Database.read`, statements that write fail.
package final class Transaction {
    private let connection: GRDB.Database
    /// Nil in a read.
    private let room: DiskRoom?
    private(set) var afterCommitActions: [@Sendable () -> Void] = []

    init(_ connection: GRDB.Database, room: DiskRoom? = nil) {
        self.connection = connection
        self.room = room
    }

    /// Throws `diskFull` when rows with so many bytes would not leave the reserve of the disk.
    ///
    /// To be asked by what takes something in, before it adds its rows. What makes room does not ask.
    package func requireRoom(for bytes: Int, leaving reserve: DiskReserve = .accepting) throws {
        // Each byte is written to the log first, and from there to the file.
        try room?.require(2 * bytes + Limits.transactionOverheadBytes, leaving: reserve, isOpen: true) {
            try freePageBytes()
        }
    }

    /// Bytes of the file in which no row is.
    private func freePageBytes() throws -> Int {
        let pages = try row("PRAGMA freelist_count") { $0.int(0) } ?? 0
        return try pages * (row("PRAGMA page_size") { $0.int(0) } ?? 0)
    }

    /// Runs an action once the commit that holds this transaction is durable; never when it fails.
    ///
    /// For wake-ups: the action must be short and must not block.
    package func afterCommit(_ action: @escaping @Sendable () -> Void) {
        afterCommitActions.append(action)
    }

    /// Runs a statement that returns no rows.
    ///
    /// Returns how many rows it changed.
    @discardableResult
    package func execute(_ sql: String, _ arguments: SQLValue...) throws -> Int {
        try execute(sql, arguments)
    }

    /// Runs a statement that returns no rows.
    ///
    /// Returns how many rows it changed.
    @discardableResult
    package func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try withStatement(sql, arguments) { statement in
            while true {
                let code = sqlite3_step(statement)
                if code == SQLITE_ROW { continue }
                guard code == SQLITE_DONE else { throw failure(code, sql) }
                return Int(sqlite3_changes(connection.sqliteConnection))
            }
        }
    }

    /// All rows of a query, each mapped by `decode`.
    package func rows<Value>(
        _ sql: String,
        _ arguments: SQLValue...,
        decode: (SQLRow) throws -> Value
    ) throws -> [Value] {
        try rows(sql, arguments, decode: decode)
    }

    /// All rows of a query, each mapped by `decode`.
    ///
    /// Bound the result with LIMIT.
    package func rows<Value>(
        _ sql: String,
        _ arguments: [SQLValue],
        decode: (SQLRow) throws -> Value
    ) throws -> [Value] {
        try withStatement(sql, arguments) { statement in
            var result: [Value] = []
            while true {
                let code = sqlite3_step(statement)
                guard code == SQLITE_ROW else {
                    guard code == SQLITE_DONE else { throw failure(code, sql) }
                    return result
                }
                result.append(try decode(SQLRow(statement: statement)))
            }
        }
    }

    /// The first row of a query, or nil when it has none.
    package func row<Value>(
        _ sql: String,
        _ arguments: SQLValue...,
        decode: (SQLRow) throws -> Value
    ) throws -> Value? {
        try withStatement(sql, arguments) { statement in
            let code = sqlite3_step(statement)
            guard code == SQLITE_ROW else {
                guard code == SQLITE_DONE else { throw failure(code, sql) }
                return nil
            }
            return try decode(SQLRow(statement: statement))
        }
    }

    /// The row id of the last insert.
    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(connection.sqliteConnection) }

    private func withStatement<Value>(
        _ sql: String,
        _ arguments: [SQLValue],
        _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        let statement: OpaquePointer
        do {
            statement = try connection.cachedStatement(sql: sql).sqliteStatement
        } catch let error as DatabaseError {
            throw storeFailure(error, context: sql)
        }
        // A cached statement that is stepped again by a nested use of the same text would lose its place.
        precondition(sqlite3_stmt_busy(statement) == 0, "the statement is already running: \(sql)")
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        precondition(
            Int(sqlite3_bind_parameter_count(statement)) == arguments.count,
            "\(arguments.count) arguments given to: \(sql)"
        )
        for (index, value) in arguments.enumerated() {
            let code = bind(value, at: Int32(index + 1), in: statement)
            guard code == SQLITE_OK else { throw failure(code, sql) }
        }
        return try body(statement)
    }

    private func bind(_ value: SQLValue, at index: Int32, in statement: OpaquePointer) -> Int32 {
        // SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let value): return sqlite3_bind_int64(statement, index, value)
        case .real(let value): return sqlite3_bind_double(statement, index, value)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    // An empty string has no base address, which SQLite would read as NULL.
                    guard let base = $0.baseAddress else {
                        return sqlite3_bind_text(statement, index, "", 0, transient)
                    }
                    return sqlite3_bind_text(statement, index, base, Int32($0.count), transient)
                }
            }
        case .blob(let bytes):
            return bytes.withUnsafeBytes {
                guard let base = $0.baseAddress else { return sqlite3_bind_zeroblob(statement, index, 0) }
                return sqlite3_bind_blob64(statement, index, base, UInt64($0.count), transient)
            }
        }
    }

    private func failure(_ code: Int32, _ sql: String) -> FlareError {
        storeFailure(
            code: code,
            systemError: sqlite3_system_errno(connection.sqliteConnection),
            text: String(cString: sqlite3_errmsg(connection.sqliteConnection)),
            context: sql
        )
    }
}

/// One row of a running query.
///
/// Columns by index, in the order of the SELECT.
package struct SQLRow {
    let statement: OpaquePointer

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    package func int(_ column: Int32) -> Int { Int(sqlite3_column_int64(statement, column)) }
    package func bool(_ column: Int32) -> Bool { sqlite3_column_int64(statement, column) != 0 }
    package func real(_ column: Int32) -> Double { sqlite3_column_double(statement, column) }
    package func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: integer(column)) }

    package func text(_ column: Int32) -> String {
        let count = Int(sqlite3_column_bytes(statement, column))
        guard let base = sqlite3_column_text(statement, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    package func blob(_ column: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(statement, column))
        guard let base = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: base, count: count))
    }

    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }
    package func optionalInt(_ column: Int32) -> Int? { isNull(column) ? nil : int(column) }
    package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    package func optionalTime(_ column: Int32) -> Timestamp? { isNull(column) ? nil : time(column) }
    package func optionalBlob(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }
}

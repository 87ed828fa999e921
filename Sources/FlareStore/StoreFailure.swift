import FlareModel
import GRDB
import GRDBSQLite
import Glibc

/// Names what SQLite's result code means to the user.
///
/// - Parameters:
///   - code: the extended result code.
///   - systemError: `errno` of the last failed call, or 0.
///   - context: the statement, or what was being done.
func storeFailure(code: Int32, systemError: Int32 = 0, text: String, context: String) -> FlareError {
    switch code & 0xFF {
    case SQLITE_FULL:
        diskFull
    case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT:
        diskFull
    case SQLITE_CONSTRAINT where isUniqueness(code):
        FlareError(.alreadyExists, "a constraint of the database refused the write: \(text)")
    case SQLITE_CONSTRAINT where code == SQLITE_CONSTRAINT | 3 << 8:
        // SQLITE_CONSTRAINT_FOREIGNKEY
        FlareError(.inUse, "other rows of the database need this one: \(text)")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
        FlareError(.corruptStore, "the database is damaged: \(text)", hint: "restore flare.db from a backup")
    default:
        FlareError(.storeFailed, "the database failed (\(code)): \(text) in \(context.prefix(80))")
    }
}

/// The same for an error of GRDB.
func storeFailure(_ error: DatabaseError, context: String) -> FlareError {
    storeFailure(code: error.extendedResultCode.rawValue, text: error.message ?? "unknown", context: context)
}

private var diskFull: FlareError {
    FlareError(.diskFull, "the disk is full", hint: "free some space; flare goes on by itself")
}

/// Whether a constraint refused a second row of the same name, not a row that breaks another rule.
private func isUniqueness(_ code: Int32) -> Bool {
    let unique: Int32 = SQLITE_CONSTRAINT | 8 << 8
    let primaryKey: Int32 = SQLITE_CONSTRAINT | 6 << 8
    let rowID: Int32 = SQLITE_CONSTRAINT | 10 << 8
    return [unique, primaryKey, rowID].contains(code)
}

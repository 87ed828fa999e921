import FlareModel
import GRDB

/// The pages of a database file that hold no rows any more.
enum DatabaseSpace {
    /// Gives them back to the disk when they are most of the file and the rows are few enough to be copied at a start.
    ///
    /// SQLite keeps freed pages for new rows, so that the file stays as large as its greatest backlog ever was. Where
    /// it cannot be done, as without room for the copy, the file stays as it is.
    static func giveBack(_ pool: DatabasePool, directory: String) throws {
        try pool.writeWithoutTransaction { connection in
            let pageBytes = try number("page_size", connection)
            let freeBytes = try number("freelist_count", connection) * pageBytes
            let rowBytes = try number("page_count", connection) * pageBytes - freeBytes
            guard freeBytes >= Limits.databaseFreeBytesMin, freeBytes > rowBytes,
                rowBytes <= Limits.databaseCopyBytesMax
            else { return }
            let roomBytes = try onDisk { () throws(DiskError) in try PosixDisk().freeBytes(directory) }
            // The copy goes through the log.
            guard roomBytes > 2 * rowBytes + Limits.diskReserveBytes else { return }
            do {
                try connection.execute(sql: "VACUUM")
                try connection.checkpoint(.truncate)
            } catch is DatabaseError {
                // Nothing is lost with it, and a disk that fails tells so at the next commit.
                return
            }
        }
    }

    private static func number(_ pragma: String, _ connection: GRDB.Database) throws -> Int {
        try Int.fetchOne(connection, sql: "PRAGMA \(pragma)") ?? 0
    }
}

import FlareModel
import GRDB

/// The pages of a database file that hold no rows any more.
enum DatabaseSpace {
    /// Gives them back to the disk when they are most of the file and the rows are few enough to be copied at a start.
    ///
    /// SQLite keeps freed pages for new rows, so that the file stays as large as its greatest backlog ever was. A disk
    /// without room for the copy leaves the file as it is.
    static func giveBack(_ pool: DatabasePool) throws {
        try pool.writeWithoutTransaction { connection in
            let pageBytes = try number("page_size", connection)
            let freeBytes = try number("freelist_count", connection) * pageBytes
            let rowBytes = try number("page_count", connection) * pageBytes - freeBytes
            guard freeBytes >= Limits.databaseFreeBytesMin, freeBytes > rowBytes,
                rowBytes <= Limits.databaseCopyBytesMax
            else { return }
            do {
                try connection.execute(sql: "VACUUM")
            } catch let error as DatabaseError where storeFailure(error, context: "VACUUM").code == .diskFull {
                return
            }
            try connection.checkpoint(.truncate)
        }
    }

    private static func number(_ pragma: String, _ connection: GRDB.Database) throws -> Int {
        try Int.fetchOne(connection, sql: "PRAGMA \(pragma)") ?? 0
    }
}

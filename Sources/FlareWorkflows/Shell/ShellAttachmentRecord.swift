import FlareModel
import FlareStore

/// Who runs the script of an instance now.
struct ShellAttachmentRecord: Sendable, Hashable {
    /// The invocation of the run; fences off what earlier attachments still say.
    var number: Int64
    var process: ProcessIdentity

    static func find(_ instance: Int64, in transaction: Transaction) throws -> ShellAttachmentRecord? {
        try transaction.row(
            "SELECT attachment, pid, start_ticks FROM workflow_attachments WHERE instance = ?",
            .integer(instance),
            decode: { row in
                ShellAttachmentRecord(
                    number: row.integer(0),
                    process: ProcessIdentity(pid: Int32(row.int(1)), startTicks: row.integer(2))
                )
            }
        )
    }

    func insert(for instance: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT OR REPLACE INTO workflow_attachments (instance, attachment, pid, start_ticks) VALUES (?, ?, ?, ?)",
            .integer(instance),
            .integer(number),
            .integer(Int64(process.pid)),
            .integer(process.startTicks)
        )
    }

    static func delete(_ instance: Int64, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM workflow_attachments WHERE instance = ?", .integer(instance))
    }
}

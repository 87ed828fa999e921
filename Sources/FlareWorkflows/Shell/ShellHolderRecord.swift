import FlareModel
import FlareStore

/// The call whose command is the open attempt of a step, and the process that waits for it.
struct ShellHolderRecord: Sendable, Hashable {
    var call: String
    var process: ProcessIdentity

    static func find(_ step: Int64, in transaction: Transaction) throws -> ShellHolderRecord? {
        try transaction.row(
            "SELECT call, pid, start_ticks FROM workflow_holders WHERE step = ?",
            .integer(step),
            decode: { row in
                ShellHolderRecord(
                    call: row.text(0),
                    process: ProcessIdentity(pid: Int32(row.int(1)), startTicks: row.integer(2))
                )
            }
        )
    }

    func insert(for step: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT OR REPLACE INTO workflow_holders (step, call, pid, start_ticks) VALUES (?, ?, ?, ?)",
            .integer(step),
            .text(call),
            .integer(Int64(process.pid)),
            .integer(process.startTicks)
        )
    }

    static func delete(_ step: Int64, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM workflow_holders WHERE step = ?", .integer(step))
    }
}

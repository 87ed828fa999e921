import FlareModel
import FlareStore
import FlareWorkers

/// The bytes of a step's result that is a stream, in rows of limited size.
enum ChunkRecord {
    static func insert(
        _ bytes: [UInt8],
        at index: Int,
        of step: Int64,
        attempt: Int,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            "INSERT INTO workflow_chunks (step, attempt, n, stream, bytes) VALUES (?, ?, ?, 'result', ?)",
            .integer(step),
            .integer(Int64(attempt)),
            .integer(Int64(index)),
            .blob(bytes)
        )
    }

    /// How many bytes of an attempt's stream have been stored.
    static func bytes(of step: Int64, attempt: Int, in transaction: Transaction) throws -> Int64 {
        try transaction.row(
            """
            SELECT COALESCE(SUM(length(bytes)), 0) FROM workflow_chunks
            WHERE step = ? AND attempt = ? AND stream = 'result'
            """,
            .integer(step),
            .integer(Int64(attempt)),
            decode: { $0.integer(0) }
        ) ?? 0
    }

    /// A part of the stream that a finished step returned.
    static func find(
        _ index: Int,
        of key: StepKey,
        _ run: RunKey,
        in transaction: Transaction
    ) throws -> [UInt8]? {
        try transaction.row(
            """
            SELECT c.bytes FROM workflow_steps s JOIN workflow_chunks c ON c.step = s.seq AND c.attempt = s.attempts
            WHERE s.instance = ? AND s.run = ? AND s.kind = ? AND s.name = ? AND s.n = ? AND s.status = 'complete'
                AND c.stream = 'result' AND c.n = ?
            """,
            .integer(run.instance),
            .integer(Int64(run.run)),
            .text(key.kind.rawValue),
            .text(key.name),
            .integer(Int64(key.occurrence)),
            .integer(Int64(index)),
            decode: { $0.blob(0) }
        )
    }

    /// Deletes what a failed or interrupted attempt has left.
    static func discard(of step: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM workflow_chunks WHERE step = ? AND stream = 'result'",
            .integer(step)
        )
    }
}

extension StepLedger {
    /// Stores a part of the stream that the running attempt of a step returns.
    func store(_ name: StepCall.StepName, attempt: Int, index: Int, _ bytes: [UInt8]) throws -> Decision {
        let key = StepKey(.do, name)
        guard let step = try StepRecord.find(key, of: run, in: transaction) else { return .refused(unknown(key)) }
        guard step.status == .running, step.attempts == attempt else { return .refused(late(step, attempt)) }
        let most = Int64(Limits.workflowStreamBytesMax)
        guard bytes.count <= Limits.workflowChunkBytesMax, index >= 0,
            Int64(index) * Int64(Limits.workflowChunkBytesMax) + Int64(bytes.count) <= most
        else { return .refused(streamTooLarge(key)) }
        try ChunkRecord.insert(bytes, at: index, of: step.sequence, attempt: attempt, in: transaction)
        return .done([])
    }
}

package import FlareModel
import FlareStore

/// Waiting for records to be in objects.
extension PipelineService {
    /// How far a wait has come.
    package struct Reached: Sendable {
        /// The offset that was waited for; -1 in a pipeline that has taken nothing.
        package let offset: Int64
        package let progress: PipelineProgress

        /// Whether the record at the offset, and all before it, are in objects.
        package var isFlushed: Bool { progress.flushedOffset > offset }
    }

    /// Returns when the record at an offset, and all before it, are in objects, or when the time is over.
    ///
    /// Returns early when the task is cancelled. Throws `pipelineNotFound`, or `invalidArgument` for an offset that no
    /// record has yet.
    ///
    /// - Parameters:
    ///   - offset: nil for that of the last record so far.
    ///   - flushing: batches that are open now are written now. Throws what keeps them from it then.
    package func waitUntilFlushed(
        _ nameOrID: String,
        offset: Int64?,
        flushing: Bool,
        until deadline: Timestamp
    ) async throws -> Reached {
        let runner = try runner(named: nameOrID)
        let id = runner.record.id
        let end = runner.stream.log.endOffset
        let offset = offset ?? end - 1
        guard offset < end, offset >= -1 else {
            throw FlareError(
                .invalidArgument,
                "pipeline \"\(runner.record.name)\" has no record at offset \(offset) yet",
                hint: end == 0 ? "it has taken none so far" : "its last one is at \(end - 1)"
            )
        }
        if runner.progress.flushedOffset <= offset {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    if flushing { try await runner.flush() }
                    await runner.waitUntilFlushed(offset)
                }
                group.addTask { await self.time.sleep(until: deadline) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
        return Reached(offset: offset, progress: try get(id).progress)
    }

    /// Returns at a moment, or when the task is cancelled.
    package func pause(until deadline: Timestamp) async {
        await time.sleep(until: deadline)
    }
}

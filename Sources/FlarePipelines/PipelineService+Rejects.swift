package import FlareModel
import FlareStore
import NIOCore

/// Records that were accepted and could not go on: to be looked at, mended and sent again, or given up.
extension PipelineService {
    /// A page of a pipeline's rejects, oldest first, and whether more follow it.
    ///
    /// It has fewer than `limit` when their records are large.
    ///
    /// - Parameters:
    ///   - after: the id behind which it begins; nil for the first page.
    ///   - label: those of one label only; nil for all.
    package func rejects(
        of nameOrID: String,
        after: String? = nil,
        label: String? = nil,
        limit: Int
    ) async throws -> (page: [RejectRecord], hasMore: Bool) {
        let id = try get(nameOrID).record.id
        return try await database.read { tx in
            var (page, bytes) = ([RejectRecord](), 0)
            while true {
                // One more than is wanted tells whether there are more; few at once, for a record may be large.
                let step = min(limit + 1 - page.count, 16)
                let last = page.last?.id ?? after ?? ""
                let rows = try RejectRecord.page(pipeline: id, after: last, label: label, limit: step, in: tx)
                for row in rows {
                    if page.count == limit || (bytes > 0 && bytes + row.record.count > Limits.rejectsPageBytes) {
                        return (page, true)
                    }
                    bytes += row.record.count
                    page.append(row)
                }
                if rows.count < step { return (page, false) }
            }
        }
    }

    /// How many rejects a pipeline keeps.
    package func rejectCount(of nameOrID: String) async throws -> Int {
        let id = try get(nameOrID).record.id
        return try await database.read { try RejectRecord.count(pipeline: id, in: $0) }
    }

    /// One reject; throws `rejectNotFound`.
    package func reject(_ rejectID: String, of nameOrID: String) async throws -> RejectRecord {
        let record = try get(nameOrID).record
        let found = try await database.read { try RejectRecord.find(rejectID, pipeline: record.id, in: $0) }
        guard let found else { throw Self.rejectNotFound(rejectID, record) }
        return found
    }

    /// Sends a reject again, as it was or changed, and forgets it.
    ///
    /// The record is durable in the stream before the reject goes, and its id is the stamp: after a crash between the
    /// two, sending it again stores nothing twice. Throws `invalidData` when the record is refused; the reject stays.
    ///
    /// - Parameter replacement: what to send instead: one JSON object.
    package func replay(_ rejectID: String, of nameOrID: String, replacement: [UInt8]?) async throws -> Int64 {
        let record = try get(nameOrID).record
        let reject = try await reject(rejectID, of: nameOrID)
        let stream = try runner(named: record.id).stream
        var batch = IngestBatch(
            source: .replay,
            rules: stream.rules,
            stamp: ProducerStamp(kind: .replay, id: Array(rejectID.utf8)),
            at: time.now(),
            capacity: reject.record.count
        )
        // One record for one reject: it goes only when all that takes its place is safe.
        let refusal = (replacement ?? reject.record).withUnsafeBufferPointer { batch.add(record: $0) }
        if let refusal {
            throw FlareError(.invalidData, "the record was refused: \(refusal)", hint: "change it with --patch")
        }
        let receipt = try await stream.append(batch, by: group)
        if !receipt.isDuplicate { stream.metrics.took(.replay, records: 1, bytes: batch.lineBytes, refused: 0) }
        try await database.write { try RejectRecord.delete(rejectID, pipeline: record.id, in: $0) }
        return receipt.offset
    }

    /// Sends several rejects again, and tells for each where it is now, or why it was refused, in their order.
    package func replay(
        _ rejects: [(id: String, replacement: [UInt8]?)],
        of nameOrID: String
    ) async throws -> [Result<Int64, FlareError>] {
        let id = try get(nameOrID).record.id
        return try await withThrowingTaskGroup(of: (Int, Result<Int64, FlareError>).self) { group in
            var results = [Result<Int64, FlareError>?](repeating: nil, count: rejects.count)
            for (index, reject) in rejects.enumerated() {
                if index >= Limits.rejectsReplayedAtOnce, let (done, result) = try await group.next() {
                    results[done] = result
                }
                group.addTask {
                    do {
                        return (
                            index, .success(try await self.replay(reject.id, of: id, replacement: reject.replacement))
                        )
                    } catch let error as FlareError {
                        return (index, .failure(error))
                    }
                }
            }
            for try await (done, result) in group { results[done] = result }
            return results.compactMap { $0 }
        }
    }

    /// Gives up one reject, or all, and returns how many.
    package func purgeRejects(of nameOrID: String, id rejectID: String?) async throws -> Int {
        let record = try get(nameOrID).record
        guard let rejectID else {
            return try await database.write { try RejectRecord.deleteAll(pipeline: record.id, in: $0) }
        }
        _ = try await reject(rejectID, of: nameOrID)
        try await database.write { try RejectRecord.delete(rejectID, pipeline: record.id, in: $0) }
        return 1
    }

    private static func rejectNotFound(_ rejectID: String, _ record: PipelineRecord) -> FlareError {
        FlareError(
            .rejectNotFound,
            "pipeline \"\(record.name)\" has no reject \"\(rejectID)\"",
            hint: "flare pipelines rejects list \(record.name)"
        )
    }
}

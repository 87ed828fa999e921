import FlareBuckets
import FlareModel
import FlareStore

/// Turns batches into objects: the hand-over from a pipeline to its bucket.
struct BatchWriter: Sendable {
    let database: Database
    let buckets: BucketService
    let time: any TimeSource

    /// Writes batches as objects and moves the checkpoint, all in one transaction.
    ///
    /// When it throws, nothing has become visible and the same call may be made again: the names are the same.
    func write(
        _ batches: [Batcher.Batch],
        of record: PipelineRecord,
        naming: ObjectNaming,
        watermark: Int64
    ) async throws {
        let staged = try await stage(batches, record.settings.compression)
        let now = time.now()
        do {
            try await database.write { [buckets] tx in
                for (batch, staged) in zip(batches, staged) {
                    _ = try buckets.commit(
                        staged,
                        bucket: record.settings.bucket,
                        key: naming.name(of: batch),
                        metadata: BatchEncoder.metadata(of: batch, in: record),
                        at: now,
                        in: tx
                    )
                    guard batch.lastOffset >= watermark else { continue }
                    try Checkpoint.setFlushed(pipeline: record.id, key: batch.key, to: batch.lastOffset + 1, in: tx)
                }
                try Checkpoint.advance(pipeline: record.id, to: watermark, in: tx)
            }
        } catch {
            for staged in staged { await buckets.discard(staged) }
            throw error
        }
    }

    /// Makes the bytes of all batches durable.
    ///
    /// When one fails, none is left behind.
    private func stage(
        _ batches: [Batcher.Batch],
        _ compression: PipelineCompression
    ) async throws -> [StagedObject] {
        let results = await withTaskGroup(of: (Int, Result<StagedObject, any Error>).self) { [buckets] group in
            for (index, batch) in batches.enumerated() {
                group.addTask {
                    do {
                        let bytes = try BatchEncoder.encode(batch.lines, compression: compression)
                        return (index, .success(try await buckets.stage(bytes)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let ordered = results.sorted { $0.0 < $1.0 }.map(\.1)
        do {
            return try ordered.map { try $0.get() }
        } catch {
            for case .success(let staged) in ordered { await buckets.discard(staged) }
            throw error
        }
    }
}

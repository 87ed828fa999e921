import FlareBuckets
import FlareModel
import FlareStore
import NIOCore

/// Turns batches into objects: the hand-over from a pipeline to its bucket.
struct BatchWriter: Sendable {
    let database: Database
    let buckets: BucketService
    let time: any TimeSource

    /// Makes the bytes of a batch's objects durable.
    ///
    /// When it throws, nothing is left behind.
    func prepare(
        _ batch: Batcher.Batch,
        outputs: [BatchOutput],
        rejects: [RejectRecord],
        of record: PipelineRecord,
        naming: ObjectNaming
    ) async throws -> PreparedBatch {
        var prepared = PreparedBatch(batch: batch, rejects: rejects)
        do {
            for output in outputs {
                for lines in Self.split(output) {
                    let part = try await stage(lines, output.sink, batch, record, naming, number: prepared.parts.count)
                    prepared.parts.append(part)
                }
            }
        } catch {
            await discard([prepared])
            throw error
        }
        return prepared
    }

    private func stage(
        _ lines: (bytes: ByteBuffer, recordCount: Int),
        _ sink: OutputSink?,
        _ batch: Batcher.Batch,
        _ record: PipelineRecord,
        _ naming: ObjectNaming,
        number: Int
    ) async throws -> PreparedBatch.Part {
        let encoder = BatchEncoder(record.settings, format: sink?.format)
        let key = naming.name(
            key: batch.key,
            firstOffset: batch.firstOffset,
            firstTime: batch.firstTime,
            suffix: encoder.suffix,
            part: number,
            prefix: sink?.prefix
        )
        return PreparedBatch.Part(
            bucket: sink?.bucket ?? record.settings.bucket,
            key: key,
            metadata: encoder.metadata(
                pipeline: record.name,
                recordCount: lines.recordCount,
                firstOffset: batch.firstOffset
            ),
            staged: try await buckets.stage(try encoder.encode(lines.bytes), leaving: .finishing),
            recordCount: lines.recordCount,
            lines: lines.bytes
        )
    }

    /// Cuts an output behind the line that reaches the size its sink asks for.
    private static func split(_ output: BatchOutput) -> [(bytes: ByteBuffer, recordCount: Int)] {
        guard let sizeBytesMax = output.sink?.sizeBytesMax, output.lines.readableBytes > sizeBytesMax else {
            return output.recordCount == 0 ? [] : [(output.lines, output.recordCount)]
        }
        var parts: [(ByteBuffer, Int)] = []
        var (start, count) = (output.lines.readerIndex, 0)
        for (index, byte) in zip(output.lines.readerIndex..., output.lines.readableBytesView) where byte == 0x0A {
            count += 1
            guard index + 1 - start >= sizeBytesMax else { continue }
            if let slice = output.lines.getSlice(at: start, length: index + 1 - start) { parts.append((slice, count)) }
            (start, count) = (index + 1, 0)
        }
        if count > 0, let slice = output.lines.getSlice(at: start, length: output.lines.writerIndex - start) {
            parts.append((slice, count))
        }
        return parts
    }

    /// Makes the objects of batches visible and moves the checkpoint, all in one transaction.
    ///
    /// When it throws, nothing has become visible, and `discard` is next.
    func commit(
        _ group: [PreparedBatch],
        of record: PipelineRecord,
        watermark: Int64,
        producers: ProducerTable.Changes
    ) async throws {
        let now = time.now()
        try await database.write { [buckets] tx in
            for prepared in group {
                for part in prepared.parts {
                    _ = try buckets.commit(
                        part.staged,
                        bucket: part.bucket,
                        key: part.key,
                        metadata: part.metadata,
                        leaving: .finishing,
                        at: now,
                        in: tx
                    )
                }
                for reject in prepared.rejects { try reject.insert(pipeline: record.id, in: tx) }
                let batch = prepared.batch
                guard batch.lastOffset >= watermark else { continue }
                try Checkpoint.setFlushed(pipeline: record.id, key: batch.key, to: batch.lastOffset + 1, in: tx)
            }
            try Checkpoint.advance(pipeline: record.id, to: watermark, in: tx)
            try ProducerRecord.save(producers, pipeline: record.id, in: tx)
        }
    }

    /// Forgets the bytes of batches that did not become objects.
    func discard(_ group: [PreparedBatch]) async {
        for part in group.flatMap(\.parts) { await buckets.discard(part.staged) }
    }
}

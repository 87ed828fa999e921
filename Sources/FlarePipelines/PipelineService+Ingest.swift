package import FlareModel
import FlareStore
package import NIOCore

/// Records that come in by calls of the engine itself, and what doors ask.
extension PipelineService {
    /// The moment that records which arrive now are stamped with.
    package func now() -> Timestamp { time.now() }

    /// A Kafka producer id that no other producer has or will have.
    package func nextProducerID() async throws -> Int64 {
        try await database.write { try ProducerRecord.takeID(in: $0) }
    }

    /// Whether a secret is a token of any pipeline.
    package func acceptsAnywhere(token: String) -> Bool {
        runners().contains { $0.stream.accepts(token: token) }
    }

    /// Checks a body and appends its records; they are on disk when this returns.
    ///
    /// The second value says why, when every record was refused. Throws `invalidData` for a body that is no JSON,
    /// `tooManyRequests` over the limit of unflushed bytes, `diskFull`.
    package func ingest(
        _ body: ByteBuffer,
        into nameOrID: String,
        form: BodyForm,
        source: IngestSource,
        stamp: ProducerStamp? = nil
    ) async throws -> (result: IngestResult, allRefused: FlareError?) {
        let stream = try stream(named: nameOrID)
        let batch = try IngestBatch.scan(
            body,
            form: form,
            source: source,
            rules: stream.rules,
            stamp: stamp,
            at: time.now()
        )
        if batch.isEmpty {
            stream.metrics.took(source, records: 0, bytes: 0, refused: batch.refusedCount)
            return (batch.result(offset: nil), batch.allRefused)
        }
        do {
            let receipt = try await stream.append(batch, by: group)
            if !receipt.isDuplicate {
                stream.metrics.took(
                    source,
                    records: batch.recordCount,
                    bytes: batch.lineBytes,
                    refused: batch.refusedCount
                )
            }
            return (batch.result(offset: receipt.offset), nil)
        } catch let error as FlareError where error.code == .tooManyRequests {
            stream.metrics.throttled(source)
            throw error
        }
    }

    /// What a pipeline has counted.
    package func metrics(of nameOrID: String) throws -> PipelineMetrics.Snapshot {
        try runner(named: nameOrID).stream.metrics.snapshot
    }
}

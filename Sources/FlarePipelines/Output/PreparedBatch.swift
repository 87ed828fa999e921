import FlareBuckets
import FlareModel
import NIOCore

/// A batch whose objects are durable and wait for the transaction that makes them visible.
struct PreparedBatch: Sendable {
    /// One object of it.
    struct Part: Sendable {
        let bucket: String
        let key: String
        let metadata: ObjectMetadata
        let staged: StagedObject
        let recordCount: Int
        /// What a tail behind the transforms shows.
        let lines: ByteBuffer
    }

    let batch: Batcher.Batch
    var parts: [Part] = []
    var rejects: [RejectRecord] = []
}

/// Records that leave a pipeline: its own, or what a transform made of them.
struct BatchOutput: Sendable {
    /// Where they go; nil for the pipeline's own bucket and format.
    var sink: OutputSink?
    var recordCount: Int
    var lines: ByteBuffer
}

/// What `writeToR2` asks for; what it leaves out is as the pipeline has it.
struct OutputSink: Sendable, Hashable {
    var format: PipelineFormat?
    var bucket: String?
    var prefix: String?
    /// Bytes of lines after which another object begins.
    var sizeBytesMax: Int?
}

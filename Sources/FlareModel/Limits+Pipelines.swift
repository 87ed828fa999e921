/// Bounds of pipelines and of the ingest door.
extension Limits {
    /// Levels of nesting in one record: deeper ones are mistakes or attacks, and readers of the objects stop there too.
    package static let recordDepthMax = 128

    /// Bytes of records that one frame of the stream holds before a body continues in a next one.
    ///
    /// Bounds what a read of the log must hold in memory.
    package static let ingestFrameBytes = 4_194_304

    /// Refused records that an answer lists one by one; the rest is only counted.
    package static let refusedListedMax = 1_000

    /// Record bytes that a pipeline has accepted and not yet written to its bucket before it answers 429.
    package static let pipelineUnflushedBytesMax = 1_073_741_824

    /// Bytes of request bodies that the ingest door holds in memory at once, over all connections, before it
    /// answers 429.
    package static let ingestBodiesBytesMax = 536_870_912

    /// Open batches (distinct values of the JSON key) per pipeline; one more rolls the least recently used.
    package static let pipelineOpenBatchesMax = 1_024

    /// Bytes in the open batches of one pipeline; beyond it the largest batch rolls early.
    ///
    /// A pipeline whose batches may be larger than this has room for one of them.
    package static let pipelineOpenBytesMax = 67_108_864

    /// How far an open batch may hold back the recycling of its log, in record bytes: bounds disk use and the time
    /// of reading again after a crash.
    package static let pipelineSpanBytesMax = 268_435_456

    /// Rolled batches that one transaction commits: enough to share its sync, few enough to keep it short.
    package static let pipelineCommitBatchesMax = 64

    /// Bytes of log that a pipeline reads in one turn.
    package static let pipelineReadBytes = 8_388_608

    /// The range of `--batch-size`, in bytes of records before compression, and its default.
    package static let batchBytesRange = 1...100_000_000
    package static let batchBytesDefault = 10_000_000

    /// The range of `--batch-timeout-secs` and its default.
    package static let batchSecondsRange = 1...3_600
    package static let batchSecondsDefault = 15

    /// The range of `--batch-max-rows` and its default.
    package static let batchRowsRange = 1...10_000_000
    package static let batchRowsDefault = 10_000

    /// Bytes of a key's value in an object name; a longer value is cut and told apart by a hash.
    package static let partitionValueBytesMax = 128

    /// Bytes of `--prefix`, so that the whole object key stays within R2's 1,024.
    package static let pipelinePrefixBytesMax = 256

    /// Names in a JSON key such as `.a.b.c`, and the bytes of the whole.
    package static let jsonKeyNamesMax = 8
    package static let jsonKeyBytesMax = 128

    /// Requests of one ingest connection that may wait for their answer before it is read no further.
    package static let ingestPipelinedMax = 64

    /// Seconds without a byte from an ingest client: within a request, and between two.
    package static let ingestStalledSeconds = 30
    package static let ingestIdleSeconds = 75

    /// Seconds that one request may take to arrive in full, however slowly it trickles.
    package static let ingestRequestSecondsMax = 600

    /// Ingest connections open at once; one more is closed at once.
    ///
    /// Bounds descriptors.
    package static let ingestConnectionsMax = 4_096

    /// What a client that gets 429 or 507 is asked to wait, in seconds.
    package static let ingestRetryAfterSeconds = 1

    /// The back-off of a pipeline whose bucket refuses its batches: first wait and longest, in milliseconds.
    package static let pipelineRetryFirstMilliseconds: Int64 = 200
    package static let pipelineRetryLongestMilliseconds: Int64 = 10_000
}

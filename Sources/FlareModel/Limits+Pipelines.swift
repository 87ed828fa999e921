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

    /// How far a batch that cannot be written may hold back the recycling of its log while other keys go on, in record
    /// bytes; then the pipeline reads no further, and with its bound on unflushed bytes takes no more.
    package static let pipelineHeldSpanBytesMax: Int64 = 1_073_741_824

    /// Rolled batches that one transaction commits: enough to share its sync, few enough to keep it short.
    package static let pipelineCommitBatchesMax = 64

    /// Bytes of log that a pipeline reads in one turn.
    package static let pipelineReadBytes = 8_388_608

    /// When a turn reads fewer bytes than this, the pipeline lets records gather for so long before the next.
    package static let pipelineReadBytesLow = 262_144
    package static let pipelineGatherMilliseconds: Int64 = 5

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

    /// A body of at least so many bytes is split apart from the event loop of its connection.
    ///
    /// Below it the way there and back costs more than it saves.
    package static let ingestScannedApartBytes = 262_144

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

    /// Producers (idempotency keys, WebSocket and Kafka producers) that one pipeline remembers; beyond it those that
    /// were silent longest are forgotten first.
    package static let pipelineProducersMax = 100_000

    /// How long an `Idempotency-Key` is remembered, in seconds: one day, as long as clients try again.
    package static let idempotencyKeySeconds = 86_400

    /// How long a silent WebSocket or Kafka producer is remembered, in seconds: seven days, Kafka's
    /// `transactional.id.expiration.ms`.
    package static let producerSeconds = 604_800

    /// Bytes of an `Idempotency-Key` or a producer's name.
    package static let producerNameBytesMax = 255

    /// Batches of one producer that wait for its batch before them to be durable.
    package static let producerWaitingMax = 64

    /// Labels of one pipeline's transforms that are counted apart.
    package static let transformLabelsMax = 100

    /// JSON keys by which one pipeline spreads its records.
    package static let partitionKeysMax = 4

    /// Batches of one pipeline that may be transformed and written at once, and how many are when nobody chose; without
    /// a transform as many as one transaction commits.
    package static let pipelineConcurrencyMax = 64
    package static let pipelineConcurrencyAutomatic = 4

    /// The range of `--max-latency`, in milliseconds.
    package static let maxLatencyMillisecondsRange = 10...3_600_000

    /// Origins of web pages that one pipeline names.
    package static let corsOriginsMax = 100

    /// Line bytes of complete batches that one pipeline has on their way into objects before it reads no further.
    package static let pipelinePendingBytesMax = 33_554_432

    /// Complete batches that one pipeline has on their way into objects before it reads no further: with tiny batches,
    /// or one for nearly each record, these are what takes the memory.
    package static let pipelinePendingBatchesMax = 1_024

    /// How often a batch that a transform fails on is tried before its records are looked at one by one, and the first
    /// wait in milliseconds; each next one is four times as long.
    package static let transformAttemptsMax = 3
    package static let transformRetryFirstMilliseconds: Int64 = 200

    /// How many times a batch is tried again without counting, because another invocation took its process down.
    package static let transformDisturbancesMax = 10

    /// Bytes of records that wait for one follower of a pipeline; the oldest are left out for a slow one.
    package static let recordTailBytesMax = 16_777_216

    /// Bytes of a stream that a follower reads at once, and bytes of lines after which what it was sent goes out.
    package static let recordTailReadBytes = 1_048_576
    package static let recordTailChunkBytes = 65_536

    /// Conditions that records in a tail must meet.
    package static let recordConditionsMax = 16

    /// Rejects in one answer of the API, and those that are sent again at once.
    package static let rejectsPageMax = 1_000

    /// Bytes of records after which an answer lists no further reject.
    package static let rejectsPageBytes = 8_388_608

    /// Rejects of one request that are sent again at once.
    package static let rejectsReplayedAtOnce = 32

    /// How long one request may wait for an offset to be in an object, in milliseconds.
    package static let pipelineWaitMillisecondsMax = 60_000

    /// The range of the time between two lines of followed metrics, in milliseconds.
    package static let metricsIntervalMillisecondsRange = 100...3_600_000
}

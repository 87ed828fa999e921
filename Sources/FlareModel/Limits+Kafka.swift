/// Bounds of the Kafka door.
extension Limits {
    /// The largest Kafka request, in bytes: a body of ingest and what Kafka puts around it.
    ///
    /// Kafka's own bound is `socket.request.max.bytes`, 100 MiB.
    package static let kafkaRequestBytesMax = 104_857_600

    /// The largest Kafka request that carries no records, in bytes.
    package static let kafkaControlRequestBytesMax = 1_048_576

    /// Elements of one array in a Kafka request (topics, partitions, resources), so that no answer grows far beyond
    /// its request.
    package static let kafkaArrayCountMax = 10_000

    /// Bytes that the compressed batches of one Kafka request may become: keeps out decompression bombs.
    package static let kafkaDecompressedBytesMax = 100_000_000

    /// Bytes of Kafka requests that are still arriving, over all connections, beyond which connections wait.
    package static let kafkaArrivingBytesMax = 536_870_912

    /// Requests up to this size are not counted in `kafkaArrivingBytesMax`: the number of connections bounds them.
    package static let kafkaSmallRequestBytes = 65_536

    /// Milliseconds until a connection that waits for memory looks again.
    package static let kafkaMemoryWaitMilliseconds = 50

    /// Requests of one Kafka connection that may wait for their answer before it is read no further.
    package static let kafkaPipelinedMax = 64

    /// Seconds without a byte from a Kafka client: within a request, and between two.
    ///
    /// The latter is Kafka's `connections.max.idle.ms`.
    package static let kafkaStalledSeconds = 30
    package static let kafkaIdleSeconds = 600

    /// Seconds that one Kafka request may take to arrive in full, however slowly it trickles.
    package static let kafkaRequestSecondsMax = 600

    /// Kafka connections open at once; one more is closed at once.
    ///
    /// Bounds descriptors. A client holds two or three.
    package static let kafkaConnectionsMax = 4_096

    /// What a Kafka client is asked to wait before it sends again, in milliseconds, when a pipeline is full.
    package static let kafkaThrottleMilliseconds: Int32 = 1_000

    /// Records of a refused batch that the answer lists one by one.
    package static let kafkaRefusedListedMax = 100
}

extension Limits {
    /// How much of the disk is left free by all that takes something in, in bytes.
    ///
    /// An acknowledgement and a deletion are writes, too: on a disk filled to the brim none would be possible any more.
    /// Enough for the log of the database to turn over twice, and for the messages about a thousand deletions. What was
    /// accepted may be carried on with until half of it.
    package static let diskReserveBytes = 16_777_216

    /// Bytes that are taken in on the word of one measurement of the disk, at most; less when there is less room.
    package static let diskTrustedBytesMax = 67_108_864

    /// How long a measurement of the disk is believed, in milliseconds: other programs fill it, too.
    package static let diskTrustedMilliseconds: Int64 = 1_000

    /// How large the write-ahead log of the database stays, in bytes; one large transaction may make it larger for a
    /// moment.
    ///
    /// Twice what it grows to between checkpoints, so that it is cut rarely, and half of `diskReserveBytes`.
    package static let databaseLogBytes = 8_388_608

    /// From how many bytes on an engine that starts gives the free pages of its database back, when most are free.
    package static let databaseFreeBytesMin = 16_777_216

    /// The rows of a database that are copied for that, in bytes, at most: they pass through memory, and the start
    /// waits for them.
    package static let databaseCopyBytesMax = 67_108_864

    /// What a transaction that adds rows writes besides their bytes, in bytes: the pages of tables and indexes that it
    /// touches.
    package static let transactionOverheadBytes = 32_768

    /// The size of a full log segment, in bytes: large enough that a change of segments is rare at full speed, small
    /// enough that zero-filling one and reading one at start take some ten milliseconds.
    package static let logSegmentBytes = 16_777_216

    /// The size of a log's first segment, in bytes.
    ///
    /// Each next one is eight times as large until `logSegmentBytes`, so that a stream of a few records costs little
    /// and a new one is ready at once.
    package static let logFirstSegmentBytes = 262_144

    /// Payload bytes that may wait for one log's disk before new appends are refused with `tooManyRequests`.
    ///
    /// Bounds the engine's memory. A single larger append is taken when nothing waits.
    package static let logWaitingBytesMax = 67_108_864

    /// Bytes written and synced together by a log, so that the first of a group does not wait long for the last.
    package static let logGroupBytesMax = 8_388_608

    /// Segments that a log keeps for use after their records were consumed; more are deleted.
    package static let logSpareSegmentsMax = 2

    /// Places of sequential readers that one log remembers: the pipeline's runner and a few that look on.
    package static let logReadersMax = 4

    /// The piece in which object bytes are written and read, in bytes: a thread hand-over each.
    package static let objectFileChunkBytes = 1_048_576

    /// Threads that do the blocking file calls of objects.
    ///
    /// Waiting for the disk, not computing, so more than cores.
    package static let objectThreads = 4
}

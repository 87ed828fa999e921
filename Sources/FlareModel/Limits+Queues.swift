/// Bounds of queues. Values are Cloudflare's production values unless a reason says otherwise.
extension Limits {
    /// Queues of one engine.
    package static let queuesMax = 10_000

    /// The largest message, in bytes (a kilobyte is 1000 bytes here): larger ones belong in a bucket.
    package static let messageBytesMax = 128_000

    /// Messages of one send, and of one lease.
    package static let messageBatchMax = 100

    /// Bytes of the messages of one lease, so that many clients at once cannot take the engine's memory.
    ///
    /// A single larger message is handed out alone.
    package static let leaseBytesMax = 8_388_608

    /// Bytes of the messages of one send.
    package static let messageBatchBytesMax = 256_000

    /// Messages of one transaction of the command line, which sends files of them.
    package static let messageBulkMax = 1_000

    /// Bytes of such a request: one message of the largest size always fits, and memory stays bounded.
    package static let messageBulkBytesMax = 4_000_000

    /// A line of a file of messages: the largest body as base64 or with every byte escaped, and what stands around it.
    package static let messageLineBytesMax = 1_000_000

    /// Bytes that wait in one queue before a send is refused.
    package static let queueBacklogBytesMax = 25_000_000_000

    /// The longest delay of a message or retry, in seconds: a day.
    package static let messageDelaySecondsMax = 86_400

    /// How long a queue may keep messages, in seconds: a minute to 14 days.
    package static let queueRetentionSeconds = 60...1_209_600

    /// How long a queue keeps messages unless it says otherwise, in seconds: 4 days.
    package static let queueRetentionSecondsDefault = 345_600

    /// Messages that make a batch full unless the consumer says otherwise.
    package static let consumerBatchDefault = 10

    /// The longest wait for a batch to fill, in milliseconds.
    package static let consumerWaitMillisecondsMax = 60_000

    /// The wait for a batch to fill unless the consumer says otherwise, in milliseconds.
    package static let consumerWaitMillisecondsDefault = 5_000

    /// The most retries that a consumer may ask for.
    package static let consumerRetriesMax = 100

    /// Retries after the first attempt unless the consumer says otherwise.
    package static let consumerRetriesDefault = 3

    /// The most batches of one queue that may be with its consumer at once.
    package static let consumerConcurrencyMax = 250

    /// Batches of one queue that may be with its consumer at once while no backlog asks for more.
    ///
    /// Enough that a consumer which waits on something leaves no gap; few enough that one queue does not starve a small
    /// machine.
    package static let consumerConcurrencyDefault = 4

    /// How long a pulled message stays hidden unless the request says otherwise, in milliseconds.
    package static let visibilityMillisecondsDefault = 30_000

    /// The longest that a pulled message may stay hidden, in milliseconds: 12 hours.
    package static let visibilityMillisecondsMax = 43_200_000

    /// Messages of one pull unless the request says otherwise.
    package static let pullBatchDefault = 5

    /// The longest that a pull may wait for messages, in milliseconds.
    ///
    /// Bounds what a client that went away holds.
    package static let pullWaitMillisecondsMax = 60_000

    /// How long a batch stays leased to a Worker or workflow, in milliseconds.
    ///
    /// A minute over the longest handler (15 minutes), so that the deadline of the handler always comes first.
    package static let deliveryLeaseMilliseconds = 960_000

    /// How long a graceful stop waits for batches that are with their consumers, in milliseconds.
    ///
    /// Half of the ten seconds in which the engine must stop.
    package static let deliveryGraceMilliseconds = 5_000

    /// The longest pause after a delivery that failed through no fault of its messages, in milliseconds.
    package static let deliveryBackoffMillisecondsMax = 30_000

    /// Rows removed by one transaction of a purge or of the retention sweep, so that other writers wait little.
    package static let messageSweepRows = 1_000

    /// Bytes of bodies removed by one transaction of a purge or of the retention sweep, about.
    package static let messageSweepBytes = 16_000_000

    /// Messages that one page of a redrive, move, removal or import may touch.
    package static let messageTransferMax = 1_000

    /// Messages of a page of a redrive, move or removal unless the request says otherwise.
    package static let messageTransferDefault = 100

    /// Code points of the reason that is kept with a message which failed: each dead letter carries it along.
    package static let messageReasonMax = 1_000

    /// Messages that one page of a redrive, move or removal looks at, so that a filter which nothing fits answers soon.
    package static let messageTransferScanMax = 5_000

    /// Bytes of one request of an import.
    package static let messageImportBytesMax = 32_000_000

    /// The shortest time between two retention sweeps, in milliseconds.
    ///
    /// Messages may outlive their retention by it.
    package static let retentionSweepMilliseconds = 1_000

    /// Message bytes that wait in memory for one slow `tail`; beyond, it reads on from the rows.
    package static let tailBufferBytesMax = 4_000_000
}

extension Limits {
    /// Invocations of workflow code at once.
    ///
    /// Instances beyond it stay `queued`; one Node process serves many of them.
    package static let workflowInvocationsMax = 128

    /// Places that are given to waiting instances together, when so many become free soon enough: each round is a
    /// transaction.
    package static let workflowClaimMin = 16

    /// How long a free place may wait for others to be given away with it, in milliseconds.
    package static let workflowClaimMilliseconds: Int64 = 5

    /// The largest parameters, step result, event payload or output, in bytes: Cloudflare's 1 MiB.
    package static let workflowValueBytesMax = 1_048_576

    /// Steps of one run.
    ///
    /// Cloudflare's default; bounds the journal that a replay carries.
    package static let workflowStepsMax = 10_000

    /// The most steps that a workflow may be configured to have, Cloudflare's bound.
    package static let workflowStepsConfiguredMax = 25_000

    /// The length of a step's name in bytes, Cloudflare's rule.
    package static let workflowStepNameBytesMax = 256

    /// Events of one instance that wait for a step to ask for them.
    package static let workflowEventsWaitingMax = 1_000

    /// Instances of one `createBatch` or of one batch request, Cloudflare's bound.
    package static let workflowBatchMax = 100

    /// The longest sleep, wait or back-off, in milliseconds: 365 days, Cloudflare's bound.
    package static let workflowSleepMillisecondsMax: Int64 = 365 * 86_400_000

    /// Waits longer than this give their place to another instance and are resumed by a timer, in milliseconds.
    ///
    /// A replay costs tens of milliseconds, so shorter ones are cheaper to sit out.
    package static let workflowHoldMilliseconds: Int64 = 5_000

    /// How long an instance must do nothing but wait before it is put aside, in milliseconds, so that what its code
    /// does beside the wait is seen first.
    package static let workflowSettleMilliseconds: Int64 = 500

    /// Times in a row that the process may die under an instance, with no step finished between, before it fails.
    package static let workflowLossesMax = 6

    /// How long the begin of an attempt may stay unwritten, in milliseconds, when nothing else of its instance is
    /// written meanwhile: most attempts end sooner, and cost one commit instead of two.
    package static let workflowBeginMilliseconds: Int64 = 20

    /// How often the log is told that workflows wait for the database: it shares the disk, which may be full.
    package static let workflowComplaintInterval = Duration.seconds(60)

    /// How far past its time-out an attempt may be reported before its process counts as hung, in milliseconds.
    package static let workflowTimeoutGraceMilliseconds: Int64 = 5_000

    /// Console lines kept of one run.
    ///
    /// The rest is counted, so that a chatty loop does not fill the disk.
    package static let workflowConsoleLinesMax = 10_000

    /// Bytes kept of one console line.
    package static let workflowConsoleLineBytesMax = 16_384

    /// Instances in one page of a list, Cloudflare's bound.
    package static let workflowInstancesPageMax = 100

    /// Log rows read at once by one follower.
    package static let workflowLogPageMax = 500

    /// The longest that one call waits for an instance to end, in seconds.
    ///
    /// Clients ask again.
    package static let workflowWaitSecondsMax = 60

    /// How long a call of user code waits for the next event of an instance, and how much it answers at once: so many
    /// log rows, and no more events once they have so many bytes.
    package static let workflowEventWaitSeconds = 20
    package static let workflowEventPageMax = 100
    package static let workflowEventPageBytes = 1024 * 1024

    /// How long the history of an ended instance is kept when nobody has set it, in milliseconds: 30 days, Cloudflare's
    /// default of a paid plan for workflows made before it was shortened.
    package static let workflowRetentionMilliseconds: Int64 = 30 * 86_400_000

    /// The longest that a history can be asked to be kept, in milliseconds: ten years.
    package static let workflowRetentionMillisecondsMax: Int64 = 3_650 * 86_400_000

    /// Instances whose retention is over, or whose workflow is deleted, that go in one transaction, so that others get
    /// their turn between.
    package static let workflowExpiryBatchMax = 100

    /// Instances terminated in one transaction when all of a workflow are.
    package static let workflowTerminateBatchMax = 200

    /// The largest result of a step that is a stream, in bytes.
    ///
    /// Cloudflare's bound for the state of one instance.
    package static let workflowStreamBytesMax = 1_073_741_824

    /// Bytes of a stream that are stored as one row, Cloudflare's size.
    package static let workflowChunkBytesMax = 262_144

    /// What a step's own function for the delay of a retry may take, in milliseconds, Cloudflare's bound.
    package static let workflowDelayFunctionMilliseconds = 5_000

    /// Bytes of a `--where` filter.
    package static let workflowWhereBytesMax = 4_096

    /// Conditions of a `--where` filter.
    package static let workflowWhereConditionsMax = 20

    /// Instances that one page of a filtered list looks at, and one count.
    ///
    /// Bounds the time of a page whatever the filter finds; the cursor goes on from there. A `total_count` beyond it
    /// is a lower bound, marked by `is_truncated`.
    package static let workflowFilterScanMax = 10_000

    /// Runs of an instance that its status lists, the newest ones.
    package static let workflowRunsListedMax = 100

    /// Instances that one round of a replay in bulk reads ahead.
    package static let workflowReplayRoundMax = 32

    /// The most instances a second that a replay in bulk may be asked for.
    package static let workflowReplayRateMax = 10_000

    /// Bytes of a recorded history that `verify` reads: it goes to the Worker's process in one frame.
    package static let workflowHistoryBytesMax = frameBytesMax - frameHeaderBytesMax
}

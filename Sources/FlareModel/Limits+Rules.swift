extension Limits {
    /// CORS, lifecycle or lock rules of one bucket: R2's limits are 64, 1,000 and 1,000.
    package static let corsRulesMax = 64
    package static let lifecycleRulesMax = 1_000
    package static let lockRulesMax = 1_000

    /// The longest id of a rule, in bytes: S3's limit.
    package static let ruleIDBytesMax = 255

    /// The longest age in a rule, in seconds: a hundred years, so that no time overflows.
    package static let ruleAgeSecondsMax = 3_155_760_000

    /// How long the answer to a browser's first question may be kept, in seconds: R2's limit.
    package static let corsAgeSecondsMax = 86_400

    /// Custom domains of one bucket: R2's limit.
    package static let customDomainsMax = 50

    /// How long the events of a bucket are kept.
    ///
    /// Longer than a queue keeps messages by default, so that a watch can go on after a long weekend.
    package static let bucketEventsKept = Duration.seconds(7 * 86_400)

    /// Events kept of one bucket; about 150 bytes each.
    package static let bucketEventsMax = 1_000_000

    /// Events read or deleted at once, so that a transaction stays short.
    package static let bucketEventPage = 500

    /// The longest watch of a bucket's events that has an end, in milliseconds: a year.
    package static let bucketWatchMillisecondsMax = 31_536_000_000

    /// Objects that lifecycle rules look at, and at most delete, in one transaction.
    package static let lifecyclePage = 200

    /// Event subscriptions of the engine: each event reads those of its source.
    package static let subscriptionsMax = 1_000

    /// The longest name of a subscription, in bytes.
    package static let subscriptionNameBytesMax = 255
}

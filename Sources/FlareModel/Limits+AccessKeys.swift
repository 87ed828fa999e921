extension Limits {
    /// Access keys of one engine, temporary ones included: all are held in memory, a few hundred bytes each.
    package static let accessKeysMax = 10_000

    /// Characters of an access key's name.
    package static let accessKeyNameMax = 100

    /// Buckets, or prefixes, or objects that one access key is limited to.
    package static let accessKeyScopeMax = 100

    /// How long temporary credentials may live, in seconds: R2's limit, 7 days.
    package static let temporaryKeySecondsMax = 604_800

    /// How long an access key may live, in seconds: a hundred years, so that its end is a date of four digits.
    package static let accessKeySecondsMax = 3_155_760_000

    /// How long a presigned URL may be good for, in seconds: S3's limit, 7 days.
    package static let presignSecondsMax = 604_800

    /// How far the clock of a client of the S3 door may be off, in seconds: S3's limit.
    package static let signatureSkewSecondsMax = 900

    /// Signing keys that are kept: one for each access key, day and region in use.
    package static let signingKeysMax = 1_024

    /// The line before a chunk of an `aws-chunked` body, in bytes.
    ///
    /// A size and a signature need fewer than 100.
    package static let chunkHeadBytesMax = 512

    /// The trailing headers of an `aws-chunked` body together, in bytes.
    package static let chunkTrailerBytesMax = 4_096
}

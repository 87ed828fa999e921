extension Limits {
    /// The longest object key, in bytes of UTF-8: R2's and S3's limit.
    package static let objectKeyBytesMax = 1_024

    /// Names and values of an object's metadata together, in bytes: R2's limit, and it keeps rows small.
    package static let objectMetadataBytesMax = 8_192

    /// The largest object, in bytes: R2's limit of 5 TB.
    ///
    /// The disk is usually full before.
    package static let objectBytesMax = 5_000_000_000_000

    /// The highest number of a part of an upload, and so the most parts: R2's and S3's limit.
    package static let uploadPartsMax = 10_000

    /// The smallest part of an upload but the last, in bytes: R2's and S3's limit of 5 MiB.
    package static let uploadPartBytesMin = 5_242_880

    /// The largest part of an upload, in bytes: R2's and S3's limit of 5 GiB.
    package static let uploadPartBytesMax = 5_368_709_120

    /// How long a completed upload is remembered, so that completing it again answers the same.
    package static let completedUploadKept: Duration = .seconds(86_400)

    /// Bytes of a file that the command line reads and sends at once.
    package static let objectChunkBytes = 262_144

    /// Bytes of an object in one reply to user code.
    ///
    /// A frame to a Worker holds 16 MiB with its header.
    package static let objectBindingBytesMax = 8_388_608

    /// Keys, objects or common prefixes in one listing or one delete: R2's limit.
    package static let objectListMax = 1_000

    /// Buckets in one page of a listing: R2's limit.
    package static let bucketListMax = 1_000

    /// Notification rules of one bucket: R2's limit.
    ///
    /// Each write reads them all.
    package static let notificationRulesMax = 100

    /// Files of replaced objects that wait for their deletion by name.
    ///
    /// When more wait, all files are compared with the rows instead.
    package static let retiredFilesMax = 10_000
}

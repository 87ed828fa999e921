/// Bounds of the S3 door.
extension Limits {
    /// S3 connections open at once; one more is closed at once.
    ///
    /// Bounds descriptors.
    package static let s3ConnectionsMax = 4_096

    /// One header line of an S3 request, and all of one request together, in bytes.
    ///
    /// S3 takes 8 KB of headers besides 2 KB of metadata; presigned URLs and temporary credentials are long.
    package static let s3HeaderBytesMax = 32_768
    package static let s3HeadersBytesMax = 65_536
    package static let s3HeadersMax = 200

    /// The largest XML document that is read, in bytes: a thousand keys of 1,024 bytes to delete, or ten thousand parts
    /// with their checksums.
    package static let s3DocumentBytesMax = 4_194_304

    /// Levels of nesting in an XML document: S3's own have at most seven.
    package static let s3DocumentDepthMax = 16

    /// Bytes of a body that wait in memory for the object that they become, and how few of them ask for more.
    package static let s3BodyBytesHigh = 1_048_576
    package static let s3BodyBytesLow = 524_288

    /// Bytes of a body that are read before it is wanted, so that small ones are there when they are.
    package static let s3BodyBytesAhead = 32_768

    /// What may be left of the body of a refused request to be read and dropped, so that the connection can be used
    /// again.
    package static let s3DroppedBodyBytesMax = 1_048_576

    /// How long a client whose body is not wanted may go on sending before its connection is closed, in seconds.
    package static let s3LingerSecondsMax: Int64 = 5

    /// Seconds without a byte from an S3 client within a body, and without a request.
    package static let s3StalledSeconds: Int64 = 60
    package static let s3IdleSeconds: Int64 = 75

    /// Seconds in which a client takes what has been written to it: less than 8 KiB/s are no reader.
    package static let s3WriteSecondsMax: Int64 = 120

    /// Pieces of a body that follow the answer being written and wait for it, in HTTP parts.
    package static let s3ParkedPartsMax = 4_096
}

/// Bytes that wait to become an object or a part of one: durable in a file, or small and held in memory.
///
/// Not visible to anybody yet.
///
/// Ends in `BucketService.commit` or `BucketService.discard`. After a crash neither is needed: a file without a row is
/// deleted when the engine starts.
package struct StagedObject: Sendable {
    enum Contents: Sendable {
        case inline([UInt8])
        /// In the file whose id is the version.
        case file
    }

    /// Version of the object to be, 32 hexadecimal digits.
    package let version: String
    /// In bytes.
    package let size: Int
    /// MD5 in hexadecimal.
    package let etag: String
    let checksum: ObjectChecksum?
    let contents: Contents

    /// The id of the file that holds the bytes.
    var file: String? {
        if case .file = contents { version } else { nil }
    }

    /// The bytes, when no file holds them.
    var inline: [UInt8]? {
        if case .inline(let bytes) = contents { bytes } else { nil }
    }
}
